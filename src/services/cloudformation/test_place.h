// CloudFormation alone, for its tests: fake resources, jobs that run when told to, and as much of
// other services as stacks ask for.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "async/byte_source.h"
#include "async/reactor.h"
#include "async/sync_wait.h"
#include "aws/service/identity.h"
#include "cloudformation/handlers.h"
#include "cloudformation/migrations.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "lambda/operations.h"
#include "s3/operations.h"
#include "services/cloudformation/resources.h"
#include "services/cloudformation/service.h"
#include "sns/operations.h"
#include "ssm/operations.h"
#include "support/service_tester.h"
#include "support/test_region.h"

namespace holm::cloudformation::test {

using holm::test::FakeClock;

// Test::Thing: Name (no interruption), Fixed (replacement). A thing is a row; who made it is noted.
inline constexpr stacks::PropertySchema kThingSchema[] = {
    {.name = "Name"}, {.name = "Fixed", .update = stacks::Update::Replacement}};
inline constexpr std::string_view kThingAttributes[] = {"Arn"};
inline constexpr std::string_view kThingPolicies[] = {"CreationPolicy"};

class Thing final : public stacks::ResourceType {
 public:
  explicit Thing(std::string_view name) : name_(name) {}
  std::string_view name() const override { return name_; }
  std::span<const stacks::PropertySchema> properties() const override { return kThingSchema; }
  std::span<const std::string_view> attributes() const override { return kThingAttributes; }
  std::span<const std::string_view> policies() const override { return kThingPolicies; }

  stacks::Created create(stacks::Context& context, const stacks::Properties& wanted) const override {
    if (wanted.text("Name") == "bad") throw aws::ServiceError("Refused", 400, "bad is no name");
    context.call.transaction.run("INSERT INTO thing (name, maker, slow) VALUES (?1, ?2, ?3)",
                                 {wanted.text("Name"), context.call.principal.arn,
                                  int64_t{wanted.text("Name") == "slow"}});
    const auto row = context.call.transaction.find("SELECT max(id) FROM thing");
    formats::Object attributes;
    attributes.set("Arn", "arn:thing:" + std::to_string(row->integer(0)));
    return {std::to_string(row->integer(0)), std::move(attributes)};
  }
  void update(stacks::Context& context, const stacks::Existing& was,
              const stacks::Properties& wanted) const override {
    if (wanted.text("Name") == "bad") throw aws::ServiceError("Refused", 400, "bad is no name");
    context.call.transaction.run("UPDATE thing SET name = ?1 WHERE id = ?2",
                                 {wanted.text("Name"), was.physical_id});
  }
  void remove(stacks::Context& context, const stacks::Existing& thing, stacks::Removal) const override {
    context.call.transaction.run("DELETE FROM thing WHERE id = ?1", {thing.physical_id});
  }
  stacks::Progress check(stacks::Context& context, const stacks::Existing& thing) const override {
    auto row = context.call.transaction.find("SELECT slow FROM thing WHERE id = ?1", {thing.physical_id});
    return row->integer(0) != 0 ? stacks::in_progress() : stacks::ready();
  }

 private:
  std::string_view name_;
};

// Knows one role, which CloudFormation may assume.
class FakeIdentities final : public aws::IdentityProvider {
 public:
  std::optional<aws::RoleSummary> find_role(std::string_view arn) override {
    if (arn != "arn:aws:iam::123456789012:role/deployer") return std::nullopt;
    return aws::RoleSummary{.account = "123456789012",
                            .name = "deployer",
                            .arn = std::string(arn),
                            .id = "AROADEPLOYER",
                            .trust_policy = "",
                            .max_session_duration = {}};
  }
  Result<aws::TemporaryCredentials> issue_role_credentials(std::string_view, std::string_view,
                                                           std::string_view, std::chrono::seconds) override {
    return aws::TemporaryCredentials{};
  }
  Result<std::shared_ptr<const aws::Credentials>, aws::CredentialProblem> find_credentials(
      std::string_view, std::string_view) override {
    return std::unexpected(aws::CredentialProblem::UnknownKey);
  }
  std::shared_ptr<const aws::PrincipalPolicies> policies_of(const aws::Principal&) override { return {}; }
  std::optional<aws::AccessKey> bootstrap(const std::string&) override { return std::nullopt; }
  std::optional<std::string> account_of(std::string_view) const override { return std::nullopt; }
  std::shared_ptr<const aws::Accounts> accounts() override { return std::make_shared<const aws::Accounts>(); }
  Result<aws::TemporaryCredentials> issue_session(const aws::SessionRequest&) override {
    return failure("This test issues no sessions.");
  }
};

// Parameters of SSM and objects of S3, as maps.
class FakeRegion final : public ::holm::test::TestRegion {
 public:
  FakeRegion(sql::Database& database, Clock& clock)
      : ::holm::test::TestRegion(database, clock), reactors_(1, clock) {}

  async::Task<void> transact_on_worker(async::Reactor&, aws::Caller caller, sql::Access access,
                                       std::function<void(aws::Call&)> work) override {
    transact(caller, access, work);
    co_return;
  }
  async::Reactor& any_reactor() override { return reactors_.next(); }
  void kill_after(int commits) { commits_left_ = commits; }

  std::map<std::string, std::string> parameters;
  std::map<std::string, std::string> objects;  // By bucket/key.
  std::vector<formats::Value> requests;        // Sent to functions and topics.
  std::string invoker;                         // For whom the last was.
  std::string invocation_error;                // The code of what functions are refused with.

 protected:
  void before_commit(sql::Access) override {
    if (commits_left_ == 0) throw InternalFailure("killed");
    --commits_left_;
  }
  aws::Box invoke(aws::Call&, const aws::Principal&, std::string_view service, std::string_view,
                  const void* input) override {
    if (service == "sns") {
      note(static_cast<const sns::PublishInput*>(input)->message);
      return aws::make_box(sns::PublishResponse{});
    }
    CHECK(service == "ssm");
    ssm::GetParametersResult result;
    for (const std::string& name : static_cast<const ssm::GetParametersRequest*>(input)->names) {
      if (parameters.contains(name)) result.parameters.push_back({.name = name, .value = parameters[name]});
    }
    return aws::make_box(std::move(result));
  }
  async::Task<aws::Box> invoke_waiting(async::Reactor&, aws::Caller caller, std::string_view service,
                                       std::string_view, aws::Box input) override {
    if (service == "lambda") {
      if (!invocation_error.empty()) throw aws::ServiceError(invocation_error, 400, "not now");
      note(*static_cast<const lambda::InvocationRequest*>(input.get())->payload);
      invoker = caller.principal.arn;
      co_return aws::make_box(lambda::InvocationResponse{});
    }
    CHECK(service == "s3");
    const auto& request = *static_cast<const s3::GetObjectRequest*>(input.get());
    auto found = objects.find(request.bucket + "/" + request.key);
    if (found == objects.end()) {
      throw aws::ServiceError("NoSuchKey", 404, "The specified key does not exist.");
    }
    s3::GetObjectOutput object;
    object.body = std::make_shared<async::StringSource>(found->second);
    co_return aws::make_box(std::move(object));
  }

 private:
  void note(const std::string& payload) { requests.push_back(*formats::parse_json(payload)); }

  async::ReactorPool reactors_;
  int commits_left_ = -1;
};

class CloudFormationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    place.database->migrate("cloudformation", migrations());
    auto transaction = place.database->begin(sql::Access::Write);
    transaction->run("CREATE TABLE thing (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, maker TEXT,"
                     " slow INTEGER)");
    transaction->commit();
    restart();
  }

  // The daemon ends and another one starts on the same database.
  void restart() {
    jobs = jobs::make_manual_jobs(*place.database, place.clock);
    service = std::make_unique<Service>(Dependencies{.jobs = *jobs,
                                                     .region = region,
                                                     .identities = identities,
                                                     .types = types,
                                                     .clock = place.clock,
                                                     .random = place.random,
                                                     .reply_origin = "https://holm.internal"});
    types = {};
    types.add(std::make_unique<Thing>("Test::Thing"));
    types.add(std::make_unique<Thing>("AWS::IAM::Role"));
    for (auto& type : resource_types(*service)) types.add(std::move(type));
    service->start();
  }

  // "200 {…}", or the status, the code and the message of an error.
  std::string call(std::string_view name, const std::string& json) {
    const aws::Operation* operation = aws::find_operation(model(), name);
    if (!operation || operation->mode != aws::Mode::Waits) return call_with_region(name, json);
    aws::Box input = operation->make_input();
    if (!aws::read_json(json, *operation->input, input.get())) return "400 SerializationException";
    if (auto member = aws::find_unhonoured(*operation->input, input.get())) return "501 " + *member;
    aws::Caller caller = place.caller;
    caller.now = place.clock.now();
    aws::LongCall long_call{caller, region, region.any_reactor()};
    try {
      aws::Box output = async::sync_wait(
          operation->invoke_waiting(*service, std::move(long_call), std::move(input)));
      return "200 " + aws::write_json(*operation->output, output.get());
    } catch (const aws::ServiceError& error) {
      return fmt::format("{} {}: {}", error.http_status, error.code, error.what());
    }
  }

  // Runs jobs until none is due within the next minutes.
  void settle() {
    for (int i = 0; i < 500; ++i) {
      jobs->run_due();
      place.clock.advance(std::chrono::milliseconds(200));
    }
  }

  std::string status_of(const std::string& stack) {
    const std::string answer = call("DescribeStacks", fmt::format(R"({{"StackName":"{}"}})", stack));
    if (!answer.starts_with("200 ")) return answer;
    auto value = formats::parse_json(answer.substr(4));
    return *value->find("Stacks")->as_array()->front().find("StackStatus")->as_string();
  }

  std::vector<std::string> things(const char* column = "name") {
    auto transaction = place.database->begin(sql::Access::Read);
    std::vector<std::string> names;
    for (const sql::Row& row : transaction->run(fmt::format("SELECT {} FROM thing ORDER BY id", column))) {
      names.push_back(row.text(0));
    }
    return names;
  }

  static std::string with_template(const std::string& body, const std::string& members) {
    std::string json = "{\"TemplateBody\":";
    formats::append_json_string(json, body);
    return json + "," + members + "}";
  }

  holm::test::Place place;
  FakeIdentities identities;
  FakeRegion region{*place.database, place.clock};
  stacks::TypeRegistry types;
  std::unique_ptr<jobs::ManualJobs> jobs;
  std::unique_ptr<Service> service;

 private:
  std::string call_with_region(std::string_view name, const std::string& json) {
    const aws::Operation* operation = aws::find_operation(model(), name);
    if (!operation) return "501 NotImplemented";
    aws::Box input = operation->make_input();
    if (!aws::read_json(json, *operation->input, input.get())) return "400 SerializationException";
    std::string answer;
    try {
      const auto access = operation->mode == aws::Mode::Read ? sql::Access::Read : sql::Access::Write;
      aws::Caller caller = place.caller;
      caller.now = place.clock.now();
      region.transact(caller, access, [&](aws::Call& inner) {
        aws::Box output = operation->invoke(*service, inner, input.get());
        answer = "200 " + aws::write_json(*operation->output, output.get());
      });
    } catch (const aws::ServiceError& error) {
      answer = fmt::format("{} {}: {}", error.http_status, error.code, error.what());
    }
    return answer;
  }
};

}  // namespace holm::cloudformation::test
