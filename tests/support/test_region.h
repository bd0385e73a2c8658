// A region for tests of services: transactions on the test's database, without signatures and rights. There
// are no other services unless a test's own region answers for them.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/clock.h"
#include "sql/database.h"

namespace holm::test {

class TestRegion : public aws::Region {
 public:
  // Both outlive it.
  TestRegion(sql::Database& database, Clock& clock) : database_(database), clock_(clock) {}

  aws::Caller caller(std::string account, std::string region, std::string name) override {
    aws::Principal principal = aws::service_principal(std::move(name), account);
    return {.account = std::move(account),
            .region = std::move(region),
            .request_id = "request",
            .now = clock_.now(),
            .principal = std::move(principal)};
  }
  void transact(const aws::Caller& caller, sql::Access access,
                const std::function<void(aws::Call&)>& work) override {
    auto transaction = database_.begin(access);
    aws::Call call{caller, *transaction, *this};
    work(call);
    before_commit(access);
    transaction->commit();
  }
  async::Task<void> transact_on_worker(async::Reactor&, aws::Caller, sql::Access,
                                       std::function<void(aws::Call&)>) override {
    throw InternalFailure("Nothing waits here.");
  }
  bool may(aws::Call&, const aws::Principal&, const aws::Access&) override { return true; }
  async::Reactor& any_reactor() override { throw InternalFailure("Nothing waits here."); }

 protected:
  // Throws when the test kills the process there.
  virtual void before_commit(sql::Access) {}
  aws::Box invoke(aws::Call&, const aws::Principal&, std::string_view, std::string_view,
                  const void*) override {
    throw InternalFailure("There are no other services.");
  }
  async::Task<aws::Box> invoke_waiting(async::Reactor&, aws::Caller, std::string_view, std::string_view,
                                       aws::Box) override {
    throw InternalFailure("There are no other services.");
  }

 private:
  sql::Database& database_;
  Clock& clock_;
};

}  // namespace holm::test
