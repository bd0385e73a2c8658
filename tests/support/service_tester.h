// One service on an in-memory database with a clock that stands still: requests and answers as JSON.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "aws/codec/json_codec.h"
#include "aws/schema/validate.h"
#include "aws/service/error.h"
#include "aws/service/operation.h"
#include "aws/service/region.h"
#include "aws/service/service.h"
#include "base/check.h"
#include "sql/database.h"
#include "support/fake_clock.h"
#include "support/seeded_random.h"

namespace holm::test {

// For services that call no other.
class NoRegion : public aws::Region {
 public:
  aws::Caller caller(std::string, std::string, std::string) override { refuse(); }
  void transact(const aws::Caller&, sql::Access, const std::function<void(aws::Call&)>&) override { refuse(); }
  async::Task<void> transact_on_worker(async::Reactor&, aws::Caller, sql::Access,
                                       std::function<void(aws::Call&)>) override {
    refuse();
  }
  bool may(aws::Call&, const aws::Principal&, const aws::Access&) override { refuse(); }
  async::Reactor& any_reactor() override { refuse(); }

 protected:
  aws::Box invoke(aws::Call&, const aws::Principal&, std::string_view, std::string_view, const void*) override {
    refuse();
  }
  async::Task<aws::Box> invoke_waiting(async::Reactor&, aws::Caller, std::string_view, std::string_view,
                                       aws::Box) override {
    refuse();
  }

 private:
  [[noreturn]] static void refuse() { throw InternalFailure("This test has no other services."); }
};

// What every service is built on in a test, and who asks by default.
struct Place {
  Place() {
    caller.account = "123456789012";
    caller.region = "eu-west-1";
    caller.request_id = "request";
    caller.principal = {.kind = aws::Principal::Kind::Root,
                        .account = caller.account,
                        .arn = "arn:aws:iam::123456789012:root",
                        .id = caller.account};
  }

  std::unique_ptr<sql::Database> database = sql::open_sqlite(":memory:");
  FakeClock clock;
  SeededRandom random;
  NoRegion region;
  aws::Caller caller;
};

// Runs `operation` as the gateway does, without signatures and rights: "200 {…}", or the status, the code and the
// message of an error. One transaction, committed on success.
inline std::string call_service(Place& place, const aws::ServiceModel& model, aws::ServiceBase& service,
                                std::string_view operation_name, std::string_view json) {
  const aws::Operation* operation = aws::find_operation(model, operation_name);
  if (operation == nullptr) return fmt::format("501 NotImplemented: {}", operation_name);
  aws::Box input = operation->make_input();
  aws::CodecResult read = aws::read_json(json, *operation->input, input.get());
  if (!read) return fmt::format("400 SerializationException: {}", read.error().message);
  if (auto error = aws::validate(*operation->input, input.get())) {
    return fmt::format("400 ValidationError: {}", error->message());
  }
  if (auto member = aws::find_unhonoured(*operation->input, input.get())) {
    return fmt::format("501 NotImplemented: {}", *member);
  }
  auto access = operation->mode == aws::Mode::Read ? sql::Access::Read : sql::Access::Write;
  auto transaction = place.database->begin(access);
  aws::Caller caller = place.caller;
  caller.now = place.clock.now();
  aws::Call call{caller, *transaction, place.region};
  try {
    aws::Box output = operation->invoke(service, call, input.get());
    transaction->commit();
    return fmt::format("200 {}", aws::write_json(*operation->output, output.get()));
  } catch (const aws::ServiceError& error) {
    return fmt::format("{} {}: {}", error.http_status, error.code, error.what());
  }
}

}  // namespace holm::test
