// S3 on a database and a folder of its own, with workers and a reactor, for S3's tests.
#pragma once

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "async/byte_source.h"
#include "async/sync_wait.h"
#include "async/workers.h"
#include "aws/service/error.h"
#include "aws/service/identity.h"
#include "aws/service/region.h"
#include "aws/service/service.h"
#include "base/check.h"
#include "blobs/blobs.h"
#include "jobs/jobs.h"
#include "kms/operations.h"
#include "lambda/operations.h"
#include "objects/blob_store.h"
#include "s3/handlers.h"
#include "s3/migrations.h"
#include "s3/operations.h"
#include "services/s3/service.h"
#include "sns/operations.h"
#include "sql/database.h"
#include "sql/quick_reads.h"
#include "support/fake_clock.h"
#include "support/kept_metrics.h"
#include "support/seeded_random.h"

namespace holm::s3 {

inline constexpr char kTestAccount[] = "123456789012";
inline constexpr char kOtherAccount[] = "210987654321";

// A folder that is removed with this.
class TestFolder final {
 public:
  TestFolder() {
    char path[] = "/tmp/holm-s3-XXXXXX";
    path_ = ::mkdtemp(path);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline constexpr char kTestRole[] = "arn:aws:iam::123456789012:role/copier";

// The test's account, called "main", another one without a name, and one role.
class KnownAccounts final : public aws::IdentityProvider {
 public:
  std::shared_ptr<const aws::Accounts> accounts() override {
    return std::make_shared<const aws::Accounts>(aws::Accounts{{kTestAccount, "main"}, {kOtherAccount, ""}});
  }
  Result<std::shared_ptr<const aws::Credentials>, aws::CredentialProblem> find_credentials(
      std::string_view access_key, std::string_view) override {
    if (access_key != kRoleKey) return std::unexpected(aws::CredentialProblem::UnknownKey);
    aws::Credentials credentials;
    credentials.principal = {.kind = aws::Principal::Kind::AssumedRole,
                             .account = kTestAccount,
                             .arn = "arn:aws:sts::123456789012:assumed-role/copier/s3-replication",
                             .role_arn = kTestRole};
    return std::make_shared<const aws::Credentials>(std::move(credentials));
  }
  std::shared_ptr<const aws::PrincipalPolicies> policies_of(const aws::Principal&) override { return {}; }
  std::optional<aws::AccessKey> bootstrap(const std::string&) override { return std::nullopt; }
  std::optional<aws::RoleSummary> find_role(std::string_view arn) override {
    if (arn != kTestRole) return std::nullopt;
    return aws::RoleSummary{.account = kTestAccount, .name = "copier", .arn = kTestRole};
  }
  std::optional<std::string> account_of(std::string_view) const override { return std::nullopt; }
  Result<aws::TemporaryCredentials> issue_session(const aws::SessionRequest&) override {
    return failure("There are no sessions here.");
  }
  Result<aws::TemporaryCredentials> issue_role_credentials(std::string_view arn, std::string_view,
                                                           std::string_view, std::chrono::seconds) override {
    if (arn != kTestRole) return failure("There is no such role.");
    aws::TemporaryCredentials issued;
    issued.key.access_key_id = kRoleKey;
    return issued;
  }

 private:
  static constexpr std::string_view kRoleKey = "ASIACOPIER";
};

// S3 alone, without signatures and rights.
class TestS3 final : public aws::Region {
 public:
  explicit TestS3(const std::string& folder, NewBuckets kind = NewBuckets::Current)
      : database_(sql::open_sqlite(folder + "/database")),
        objects_(std::move(objects::open_store(folder + "/objects", {.ballast_bytes = 1 << 20}).value())),
        store_(objects::open_blob_store(*objects_, blobs::open_disk_store(folder + "/blobs"))),
        jobs_(jobs::make_manual_jobs(*database_, clock_)) {
    database_->migrate("s3", migrations());
    service_ = std::make_unique<Service>(Dependencies{*database_,
                                                      *objects_,
                                                      *store_,
                                                      *jobs_,
                                                      *this,
                                                      workers_,
                                                      clock_,
                                                      random_,
                                                      measured_,
                                                      identities_,
                                                      {},
                                                      kind});
    service_->start();
  }

  template <class Op>
  typename Op::Output call(typename Op::Input input) {
    const aws::Operation* operation = aws::find_operation(model(), Op::name);
    CHECK(operation != nullptr);
    if (operation->invoke_waiting != nullptr) {
      return call_blocking<Op>(caller(account_, "eu-west-1", "test"), std::move(input));
    }
    typename Op::Output output;
    transact(caller(account_, "eu-west-1", "test"), sql::Access::Write, [&](aws::Call& call) {
      aws::Box made = operation->invoke(*service_, call, &input);
      output = std::move(*static_cast<typename Op::Output*>(made.get()));
    });
    return output;
  }

  // "200", or the status and code of the error.
  template <class Op>
  std::string outcome(typename Op::Input input) {
    try {
      call<Op>(std::move(input));
      return "200";
    } catch (const aws::ServiceError& error) {
      return std::to_string(error.http_status) + " " + error.code;
    }
  }

  void create_bucket(const std::string& name) {
    call<CreateBucket>(
        {.bucket = name,
         .create_bucket_configuration = CreateBucketConfiguration{.location_constraint = "eu-west-1"}});
  }

  PutObjectOutput put(const std::string& bucket, const std::string& key, std::string content) {
    PutObjectRequest request{.bucket = bucket, .key = key};
    request.body = std::make_shared<async::StringSource>(std::move(content));
    return call<PutObject>(std::move(request));
  }

  std::string get(GetObjectRequest request) {
    aws::Caller who = caller(kTestAccount, "eu-west-1", "test");
    async::Reactor& reactor = any_reactor();
    return async::sync_wait(reactor, read_object(reactor, std::move(who), std::move(request)));
  }

  // Whose calls come from now on.
  void act_as(const std::string& account) { account_ = account; }
  void wait(std::chrono::milliseconds time) { clock_.advance(time); }
  Time now() const { return clock_.now(); }

  // What the role may not do from now on: one action.
  void deny(std::string action) { denied_ = std::move(action); }

  // As where the API is served: its threads may read a little themselves.
  void let_reactor_read() {
    any_reactor().call([this] {
      sql::find_quick_reads(*database_)->let_in(std::this_thread::get_id());
    });
    (void)database_->begin(sql::Access::Read);  // Leaves an idle connection.
  }
  // How often something was done on a worker so far.
  size_t trips_to_workers() const { return trips_; }

  // Every blob on disk.
  size_t blob_count() const { return store_->list().size(); }
  jobs::ManualJobs& jobs() { return *jobs_; }
  sql::Database& database() { return *database_; }
  Service& service() { return *service_; }
  const test::KeptMetrics& measured() const { return measured_; }
  // What Lambda's function was told; while no job runs.
  const std::vector<std::string>& messages() const { return messages_; }
  // What was published to SNS's topic; the same.
  const std::vector<std::string>& published() const { return published_; }

  aws::Caller caller(std::string account, std::string region, std::string name) override {
    aws::Principal principal = aws::service_principal(std::move(name), account);
    return {.account = std::move(account),
            .region = std::move(region),
            .request_id = random_.uuid(),
            .now = clock_.now(),
            .principal = std::move(principal)};
  }
  void transact(const aws::Caller& who, sql::Access access,
                const std::function<void(aws::Call&)>& work) override {
    auto transaction = database_->begin(access);
    aws::Call call{who, *transaction, *this};
    work(call);
    transaction->commit();
  }
  async::Task<void> transact_on_worker(async::Reactor& reactor, aws::Caller who, sql::Access access,
                                       std::function<void(aws::Call&)> work) override {
    ++trips_;
    std::function<void()> run = [&] { transact(who, access, work); };
    co_await workers_.run(reactor, run);
  }
  bool may(aws::Call&, const aws::Principal&, const aws::Access& access) override {
    return access.action != denied_;
  }
  async::Reactor& any_reactor() override { return reactors_.next(); }

 protected:
  aws::Box invoke(aws::Call& parent, const aws::Principal&, std::string_view service,
                  std::string_view operation, const void* input) override {
    if (service == "lambda") return policy_of_function(input);
    if (service == "sns") return publish(input);
    if (service == "kms") return use_key(operation, input);
    CHECK(service == "s3");
    return aws::find_operation(model(), operation)->invoke(*service_, parent, input);
  }
  async::Task<aws::Box> invoke_waiting(async::Reactor& reactor, aws::Caller who, std::string_view service,
                                       std::string_view operation, aws::Box input) override {
    if (service == "lambda") {
      messages_.push_back(*static_cast<lambda::InvocationRequest*>(input.get())->payload);
      co_return aws::make_box(lambda::InvocationResponse{});
    }
    aws::LongCall call{who, *this, reactor};
    const aws::Operation* found = aws::find_operation(model(), operation);
    co_return co_await found->invoke_waiting(*service_, std::move(call), std::move(input));
  }

 private:
  // KMS has keys of any name. They are no good, but different ones are different.
  static aws::Box use_key(std::string_view operation, const void* input) {
    auto material = [](std::string text) {
      text.resize(32, '.');
      return text;
    };
    if (operation == "GenerateDataKey") {
      const auto& request = *static_cast<const kms::GenerateDataKeyRequest*>(input);
      const std::string context = request.encryption_context.at("aws:s3:arn");
      return aws::make_box(
          kms::GenerateDataKeyResponse{.ciphertext_blob = request.key_id + "|" + context,
                                       .plaintext = material(request.key_id),
                                       .key_id = "arn:aws:kms:eu-west-1:123456789012:key/" + request.key_id});
    }
    const auto& request = *static_cast<const kms::DecryptRequest*>(input);
    const std::string& blob = *request.ciphertext_blob;
    CHECK(blob.substr(blob.find('|') + 1) == request.encryption_context.at("aws:s3:arn"));
    return aws::make_box(kms::DecryptResponse{.plaintext = material(blob.substr(0, blob.find('|')))});
  }
  // Lambda has one function, "f".
  static aws::Box policy_of_function(const void* input) {
    if (static_cast<const lambda::GetPolicyRequest*>(input)->function_name != "f")
      throw aws::ServiceError("ResourceNotFoundException", 404, "The resource does not exist.");
    return aws::make_box(lambda::GetPolicyResponse{.policy = "{}"});
  }
  // SNS has one topic, "t", and one that lets nobody in, "closed".
  aws::Box publish(const void* input) {
    const auto& request = *static_cast<const sns::PublishInput*>(input);
    const std::string topic = request.topic_arn.value_or("");
    if (topic.ends_with(":closed")) throw aws::ServiceError("AuthorizationError", 403, "Not authorized.");
    if (!topic.ends_with(":t")) throw aws::ServiceError("NotFound", 404, "Topic does not exist");
    published_.push_back(request.message);
    return aws::make_box(sns::PublishResponse{});
  }

  async::Task<std::string> read_object(async::Reactor& reactor, aws::Caller who, GetObjectRequest request) {
    aws::LongCall call{who, *this, reactor};
    GetObjectOutput output = co_await get_object(*service_, std::move(call), std::move(request));
    constexpr size_t kBytesMax = size_t{1} << 30;
    auto bytes = co_await async::read_all(*output.body, kBytesMax);
    co_return std::move(*bytes);
  }

  std::atomic<size_t> trips_ = 0;
  std::string account_ = kTestAccount;
  std::string denied_;
  std::vector<std::string> messages_;
  std::vector<std::string> published_;
  KnownAccounts identities_;
  test::FakeClock clock_;
  test::SeededRandom random_;
  test::KeptMetrics measured_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<objects::Store> objects_;
  std::unique_ptr<blobs::Store> store_;
  std::unique_ptr<jobs::ManualJobs> jobs_;
  std::unique_ptr<Service> service_;
  async::ReactorPool reactors_{1, clock_};
  async::Workers workers_{2, 1000};
};

}  // namespace holm::s3
