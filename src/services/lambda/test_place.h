// Lambda and CloudWatch Logs with real sandboxes and a database in memory, for Lambda's tests.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "async/byte_source.h"
#include "async/sync_wait.h"
#include "async/workers.h"
#include "aws/service/error.h"
#include "aws/service/identity.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/files.h"
#include "base/random.h"
#include "base/system_clock.h"
#include "jobs/jobs.h"
#include "lambda/handlers.h"
#include "lambda/migrations.h"
#include "lambda/operations.h"
#include "logs/handlers.h"
#include "logs/migrations.h"
#include "logs/operations.h"
#include "s3/operations.h"
#include "sandbox/anchor.h"
#include "sandbox/exits.h"
#include "sandbox/runtime.h"
#include "services/lambda/packages.h"
#include "services/lambda/service.h"
#include "services/logs/service.h"
#include "support/kept_metrics.h"
#include "support/test_region.h"

namespace holm::lambda {

inline constexpr char kTestAccount[] = "123456789012";
inline constexpr char kTestRole[] = "arn:aws:iam::123456789012:role/runner";

// The real time, and what a test adds to it.
class ShiftedClock final : public Clock {
 public:
  Time now() const override { return real_.now() + std::chrono::milliseconds(shift_.load()); }
  SteadyTime steady() const override { return real_.steady(); }
  void advance(std::chrono::milliseconds time) { shift_ += time.count(); }

 private:
  SystemClock real_;
  std::atomic<int64_t> shift_ = 0;
};

// Knows one role, which Lambda may be.
class OneRole final : public aws::IdentityProvider {
 public:
  Result<std::shared_ptr<const aws::Credentials>, aws::CredentialProblem> find_credentials(
      std::string_view, std::string_view) override {
    return std::unexpected(aws::CredentialProblem::UnknownKey);
  }
  std::shared_ptr<const aws::PrincipalPolicies> policies_of(const aws::Principal&) override {
    return std::make_shared<aws::PrincipalPolicies>();
  }
  std::optional<aws::AccessKey> bootstrap(const std::string&) override { return std::nullopt; }
  std::optional<aws::RoleSummary> find_role(std::string_view) override { return std::nullopt; }
  std::optional<std::string> account_of(std::string_view) const override { return std::nullopt; }
  std::shared_ptr<const aws::Accounts> accounts() override { return std::make_shared<const aws::Accounts>(); }
  Result<aws::TemporaryCredentials> issue_session(const aws::SessionRequest&) override {
    return failure("There are no sessions here.");
  }
  Result<aws::TemporaryCredentials> issue_role_credentials(std::string_view role, std::string_view,
                                                           std::string_view, std::chrono::seconds) override {
    if (role != kTestRole) return failure("There is no such role.");
    return aws::TemporaryCredentials{.key = {"ASIATEST", "secret"}, .session_token = "token"};
  }
};

// Calls operations without signatures and rights.
class PlainRegion final : public test::TestRegion {
 public:
  PlainRegion(sql::Database& database, Clock& clock) : TestRegion(database, clock), reactors_(2, clock) {}
  void add(const aws::ServiceModel& model, aws::ServiceBase& service) {
    services_[model.name] = {&model, &service};
  }

  aws::Caller caller(std::string account, std::string region, std::string name) override {
    aws::Caller made = TestRegion::caller(std::move(account), std::move(region), std::move(name));
    made.request_id = random_.uuid();  // Each invocation has its own.
    return made;
  }
  async::Task<void> transact_on_worker(async::Reactor& reactor, aws::Caller caller, sql::Access access,
                                       std::function<void(aws::Call&)> work) override {
    std::function<void()> run = [&] { transact(caller, access, work); };
    co_await workers_.run(reactor, run);
  }
  async::Reactor& any_reactor() override { return reactors_.next(); }

  std::map<std::string, std::string> objects;  // What S3 has, by bucket/key.

 protected:
  aws::Box invoke(aws::Call& parent, const aws::Principal&, std::string_view service,
                  std::string_view operation, const void* input) override {
    if (service == "s3") {
      (void)require_object(*static_cast<const s3::HeadObjectRequest*>(input));
      return aws::make_box(s3::HeadObjectOutput{});
    }
    auto [model, handler] = services_.at(service);
    return aws::find_operation(*model, operation)->invoke(*handler, parent, input);
  }
  async::Task<aws::Box> invoke_waiting(async::Reactor& reactor, aws::Caller caller, std::string_view service,
                                       std::string_view operation, aws::Box input) override {
    if (service == "s3") {
      s3::GetObjectOutput object;
      object.body = std::make_shared<async::StringSource>(
          require_object(*static_cast<const s3::GetObjectRequest*>(input.get())));
      co_return aws::make_box(std::move(object));
    }
    auto [model, handler] = services_.at(service);
    aws::LongCall call{caller, *this, reactor};
    const aws::Operation* found = aws::find_operation(*model, operation);
    co_return co_await found->invoke_waiting(*handler, std::move(call), std::move(input));
  }

 private:
  template <class Input>
  std::string require_object(const Input& input) const {
    auto found = objects.find(input.bucket + "/" + input.key);
    if (found != objects.end()) return found->second;
    throw aws::ServiceError("NoSuchKey", 404, "The specified key does not exist.");
  }

  struct Entry {
    const aws::ServiceModel* model;
    aws::ServiceBase* service;
  };
  SystemRandom random_;
  async::ReactorPool reactors_;
  async::Workers workers_{2, 100};
  std::map<std::string_view, Entry> services_;
};

class LambdaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/holm-lambda-XXXXXX";
    directory = ::mkdtemp(path);
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").parent_path();
    auto opened = sandbox::Anchor::open(
        {.data_directory = directory, .command = {program + "/sandbox_anchor", directory}});
    ASSERT_TRUE(opened) << opened.error().message;
    anchor = std::move(*opened);
    auto made = sandbox::Runtime::open(
        {directory}, *anchor, nullptr,
        [this](const std::string& id, const sandbox::ExitStatus& exit) { exits.deliver(id, exit); });
    ASSERT_TRUE(made) << made.error().message;
    runtime = std::move(*made);
    database->migrate("lambda", migrations());
    database->migrate("logs", logs::migrations());
    region.add(logs::model(), logs_service);
    begin();
  }

  void TearDown() override {
    service.reset();
    if (runtime) EXPECT_TRUE(runtime->remove_all());
    runtime.reset();
    if (anchor) (void)anchor->quit();
    anchor.reset();
    std::filesystem::remove_all(directory);
  }

  void begin() {
    jobs = jobs::make_manual_jobs(*database, clock);
    service = std::make_unique<Service>(
        Dependencies{.jobs = *jobs,
                     .region = region,
                     .identities = identities,
                     .runtime = *runtime,
                     .exits = exits,
                     .metrics = metrics,
                     .clock = clock,
                     .random = random,
                     .data_directory = directory,
                     .api = [](http::Exchange& exchange) { return say_hello(exchange); },
                     .sites = {}});
    region.add(model(), *service);
    service->start();
  }

  static async::Task<void> say_hello(http::Exchange& exchange) {
    http::Response response{.status = 200, .body = "hello " + exchange.request().path};
    co_await exchange.respond(std::move(response));
  }

  aws::Caller caller() {
    aws::Caller result = region.caller(kTestAccount, "eu-west-1", "test.amazonaws.com");
    return result;
  }

  template <class Op>
  typename Op::Output call(const typename Op::Input& input) {
    typename Op::Output output;
    region.transact(caller(), sql::Access::Write,
                    [&](aws::Call& inner) { output = region.call<Op>(inner, inner.principal, input); });
    return output;
  }

  // The error an operation ends with: "409 ResourceConflictException: …".
  template <class Op>
  std::string error_of(const typename Op::Input& input) {
    try {
      (void)call<Op>(input);
    } catch (const aws::ServiceError& error) {
      return std::to_string(error.http_status) + " " + error.code + ": " + error.what();
    }
    return "no error";
  }

  void create(const std::string& name, const std::string& source, CreateFunctionRequest more = {}) {
    more.function_name = name;
    more.role = kTestRole;
    if (!more.runtime) more.runtime = "python3.11";
    if (!more.handler) more.handler = "index.handler";
    more.code.zip_file = make_archive("index.py", source);
    call<CreateFunction>(more);
    jobs->run_due();
  }

  InvocationResponse invoke_function(InvocationRequest request) {
    return region.call_blocking<Invoke>(caller(), std::move(request));
  }
  InvocationResponse invoke_function(const std::string& name, const std::string& payload) {
    return invoke_function({.function_name = name, .payload = payload});
  }

  // All messages of a function's log, once one of them contains `text`; gives up after a while.
  std::string log_with(const std::string& name, const std::string& text) {
    std::string all;
    for (int i = 0; i < 200; ++i) {
      all.clear();
      for (const sql::Row& row :
           database->begin(sql::Access::Read)
               ->run("SELECT e.message FROM logs_event e JOIN logs_group g ON g.id = e.log_group WHERE"
                     " g.name = ?1 ORDER BY e.sequence",
                     {"/aws/lambda/" + name})) {
        all += row.text(0) + "\n";
      }
      if (all.find(text) != std::string::npos) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return all;
  }

  std::string directory;
  ShiftedClock clock;
  SystemRandom random;
  OneRole identities;
  sandbox::Exits exits;
  test::KeptMetrics metrics;
  std::unique_ptr<sql::Database> database = sql::open_sqlite(":memory:");
  std::unique_ptr<jobs::ManualJobs> jobs = jobs::make_manual_jobs(*database, clock);
  PlainRegion region{*database, clock};
  logs::Service logs_service{*jobs, region, metrics, clock};
  std::unique_ptr<sandbox::Anchor> anchor;
  std::unique_ptr<sandbox::Runtime> runtime;
  std::unique_ptr<Service> service;
};

}  // namespace holm::lambda
