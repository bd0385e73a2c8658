// Code on its way into functions.

#include "services/lambda/code.h"

#include <fmt/format.h>

#include "async/byte_source.h"
#include "async/sync_wait.h"
#include "aws/service/attempt.h"
#include "aws/service/error.h"
#include "aws/service/region.h"
#include "aws/service/root_principal.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "lambda/errors.h"
#include "s3/operations.h"
#include "services/lambda/fleet.h"
#include "services/lambda/packages.h"
#include "services/lambda/service.h"

namespace holm::lambda {

namespace {

constexpr int kFetchesMax = 4;
// Nothing runs longer than this after its function has changed.
constexpr std::chrono::minutes kPackageGrace{20};

std::string job_key(const VersionRow& row) {
  return fmt::format("{}/{}/{}", row.account, row.region, row.name);
}

void describe(FunctionConfiguration& configuration, const std::string& package, size_t bytes) {
  configuration.code_size = static_cast<int64_t>(bytes);
  configuration.code_sha256 = base64_encode(hex_decode(package).value_or(""));
}

// The state of a version whose code is ready, or cannot be.
template <class Outcome>
void settle(FunctionConfiguration& configuration, const Outcome& outcome) {
  const bool is_new = configuration.state == state::kPending;
  configuration.state_reason = configuration.state_reason_code = std::nullopt;
  configuration.last_update_status_reason = std::nullopt;
  configuration.last_update_status_reason_code = std::nullopt;
  if (outcome) {
    configuration.state = state::kActive;
    configuration.last_update_status = last_update_status::kSuccessful;
    return;
  }
  if (is_new) {
    configuration.state = state::kFailed;
    configuration.state_reason = outcome.error().message;
    configuration.state_reason_code = state_reason_code::kInvalidZipFileException;
  }
  configuration.last_update_status = last_update_status::kFailed;
  configuration.last_update_status_reason = outcome.error().message;
  configuration.last_update_status_reason_code = last_update_status_reason_code::kInternalError;
}

// Whoever asks has to see the object.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
void require_object(Call& call, const FunctionCode& code) {
  s3::HeadObjectRequest head{.bucket = *code.s3_bucket, .key = *code.s3_key};
  head.version_id = code.s3_object_version;
  std::function<void()> look = [&] { (void)call.client.call<s3::HeadObject>(call, call.principal, head); };
  const auto problem = aws::attempt(look);
  if (!problem) return;
  const size_t colon = problem->find(": ");
  const std::string why = fmt::format("S3 Error Code: {}. S3 Error Message: {}", problem->substr(0, colon),
                                      problem->substr(colon + 2));
  if (!problem->starts_with("AccessDenied"))
    throw InvalidParameterValueException("Error occurred while GetObject. " + why);
  throw aws::ServiceError("AccessDeniedException", 403,
                          "Your access has been denied by S3, please make sure your request credentials have "
                          "permission to GetObject for " +
                              *code.s3_bucket + "/" + *code.s3_key + ". " + why);
}

}  // namespace

void take_code(Service& service, Call& call, VersionRow& row, const FunctionCode& code) {
  if (code.zip_file && (code.s3_bucket || code.s3_key)) {
    throw InvalidParameterValueException(
        "Please do not provide other FunctionCode parameters when providing a ZipFile.");
  }
  if (!code.zip_file && !(code.s3_bucket && code.s3_key)) {
    throw InvalidParameterValueException("Please provide a source for function code.");
  }
  std::string package;
  if (!code.zip_file) {
    require_object(call, code);
  } else {
    if (code.zip_file->size() > kZippedBytesMax) {
      throw RequestTooLargeException("Zipped size must be smaller than 52428800 bytes");
    }
    auto stored = service.packages().store(*code.zip_file);
    if (!stored) throw InvalidParameterValueException(stored.error().message);
    package = *stored;
    describe(row.configuration, package, code.zip_file->size());
  }
  call.transaction.run(
      "INSERT OR REPLACE INTO lambda_source (account, region, name, package, bucket, key,"
      " object_version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
      {row.account, row.region, row.name, package, sql::optional_value(code.s3_bucket),
       sql::optional_value(code.s3_key), sql::optional_value(code.s3_object_version)});
  row.configuration.last_update_status = last_update_status::kInProgress;
  service.use().jobs.schedule(call.transaction, {.kind = kCodeJob, .key = job_key(row)}, call.now);
}

void release_package(Service& service, Call& call, const std::string& package) {
  if (package.empty()) return;
  service.use().jobs.schedule(call.transaction, {.kind = kPackageJob, .key = package},
                              call.now + kPackageGrace);
}

namespace {

struct Source {
  std::string package;
  std::string bucket, key;
  std::optional<std::string> object_version;
};

std::optional<Source> find_source(Call& call, const FunctionId& id) {
  auto row = call.transaction.find(
      "SELECT package, bucket, key, object_version FROM lambda_source WHERE account = ?1 AND"
      " region = ?2 AND name = ?3",
      {id.account, id.region, id.name});
  if (!row) return std::nullopt;
  return Source{row->text(0), row->optional_text(1).value_or(""), row->optional_text(2).value_or(""),
                row->optional_text(3)};
}

struct Fetched {
  std::string package;
  std::optional<size_t> bytes;  // Of what was fetched just now.
};

// The whole object, or nothing when it is larger than a package may be.
async::Task<std::optional<std::string>> read_object(aws::Region& region, async::Reactor& reactor,
                                                    aws::Caller caller, s3::GetObjectRequest request) {
  auto object = co_await region.call_waiting<s3::GetObject>(reactor, std::move(caller), std::move(request));
  if (!object.body) co_return std::string();
  auto bytes = co_await async::read_all(*object.body, kUnzippedBytesMax);
  if (!bytes) co_return std::nullopt;
  co_return std::move(*bytes);
}

Result<Fetched> fetch(Service& service, const FunctionId& id, const Source& source) {
  if (!source.package.empty()) return Fetched{source.package, std::nullopt};
  aws::Region& region = service.use().region;
  // As the account, whose right to the object was looked at when it was named.
  aws::Caller caller = region.caller(id.account, id.region, "lambda.amazonaws.com");
  caller.principal = aws::root_principal(id.account);
  s3::GetObjectRequest request{.bucket = source.bucket, .key = source.key};
  request.version_id = source.object_version;
  async::Reactor& reactor = region.any_reactor();
  auto zip = async::sync_wait(reactor, read_object(region, reactor, caller, request));
  if (!zip) return failure("Unzipped size must be smaller than 262144000 bytes");
  auto package = service.packages().store(*zip);
  if (!package) return std::unexpected(package.error());
  return Fetched{*package, zip->size()};
}

// Gives the versions that wait for their code what became of it.
void settle_versions(Service& service, Call& call, const FunctionId& id, const Result<Fetched>& outcome) {
  for (const sql::Row& each : call.transaction.run(
           "SELECT version FROM lambda_version WHERE account = ?1 AND region = ?2 AND name = ?3",
           {id.account, id.region, id.name})) {
    auto row = find_version(call, {id.account, id.region, id.name, each.text(0)});
    if (row->configuration.last_update_status != last_update_status::kInProgress) continue;
    if (outcome) {
      if (row->package != outcome->package) release_package(service, call, row->package);
      row->package = outcome->package;
      if (outcome->bytes) describe(row->configuration, outcome->package, *outcome->bytes);
    }
    settle(row->configuration, outcome);
    write_version(call, *row);
  }
  call.transaction.run("DELETE FROM lambda_source WHERE account = ?1 AND region = ?2 AND name = ?3",
                       {id.account, id.region, id.name});
  call.after_commit([&service, id] { service.fleet().retire(id.unqualified_arn(), kLatest); });
}

}  // namespace

jobs::Outcome prepare_code(Service& service, const jobs::Job& job) {
  const auto parts = split(job.key, '/');
  const FunctionId id{std::string(parts[0]), std::string(parts[1]), std::string(parts[2]), ""};
  aws::Region& region = service.use().region;
  const aws::Caller caller = region.caller(id.account, id.region, "lambda.amazonaws.com");
  std::optional<Source> source;
  region.transact(caller, sql::Access::Read, [&](Call& call) { source = find_source(call, id); });
  if (!source) return jobs::done();
  // A failure of S3 ends this run, and the job is tried again: for a while.
  Result<Fetched> outcome = failure("The package could not be fetched from S3.");
  if (job.attempt <= kFetchesMax) outcome = fetch(service, id, *source);
  if (outcome) {
    if (auto unpacked = service.packages().unpack(outcome->package); !unpacked) {
      outcome = std::unexpected(unpacked.error());
    }
  }
  if (!outcome) log::warning(fmt::format("{}: {}", id.arn(), outcome.error().message));
  region.transact(caller, sql::Access::Write,
                  [&](Call& call) { settle_versions(service, call, id, outcome); });
  return jobs::done();
}

jobs::Outcome remove_package(Service& service, const std::string& package) {
  aws::Region& region = service.use().region;
  const aws::Caller caller = region.caller("", "", "lambda.amazonaws.com");
  // Inside the transaction, so that nobody begins to use it meanwhile.
  region.transact(caller, sql::Access::Write, [&](Call& call) {
    if (call.transaction.find("SELECT 1 FROM lambda_version WHERE package = ?1 UNION ALL"
                              " SELECT 1 FROM lambda_source WHERE package = ?1",
                              {package})) {
      return;
    }
    service.packages().remove(package);
  });
  return jobs::done();
}

}  // namespace holm::lambda
