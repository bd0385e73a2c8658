// Server access logs: the lines, their delivery, and what is set on buckets about them.

#include "services/s3/access_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/byte_source.h"
#include "aws/codec/json_codec.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/form.h"
#include "jobs/jobs.h"
#include "s3/handlers.h"
#include "s3/operations.h"
#include "s3/schema.h"
#include "services/s3/records.h"
#include "services/s3/request_subject.h"
#include "services/s3/service.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kKind = "logging";
constexpr std::chrono::minutes kDelay{1};
constexpr size_t kLinesMax = 100'000;  // Waiting for one bucket; further ones are lost.
constexpr size_t kUniqueCharacters = 16;
constexpr std::string_view kDelivery = "logging.s3.amazonaws.com";

std::optional<LoggingEnabled> find_logging(sql::Transaction& transaction, int64_t bucket) {
  const auto document = find_configuration(transaction, bucket, kKind);
  if (!document) return std::nullopt;
  LoggingEnabled logging;
  CHECK(aws::read_json(*document, schema::kLoggingEnabled, &logging).has_value());
  return logging;
}

// A field that is a word; `-` stands for nothing.
std::string word(std::string_view text) { return text.empty() ? "-" : replace_all(text, " ", "%20"); }

// What clients say themselves stands in quotes, and cannot end them.
std::string quoted_field(std::string_view text) {
  if (text.empty()) return "\"-\"";
  std::string clean;
  for (char c : text) clean += c == '"' || static_cast<unsigned char>(c) < ' ' ? '_' : c;
  return "\"" + clean + "\"";
}

std::string requester_of(const aws::Principal& principal) {
  if (principal.kind == aws::Principal::Kind::Anonymous) return "-";
  if (principal.kind == aws::Principal::Kind::Service) return "svc:" + principal.id;
  return principal.kind == aws::Principal::Kind::Root ? canonical_id(principal.account) : principal.arn;
}

// [06/Feb/2019:00:00:38 +0000], of "Wed, 06 Feb 2019 00:00:38 GMT".
std::string log_time(Time time) {
  const std::string date = http_date(time);
  return fmt::format("[{}/{}/{}:{} +0000]", date.substr(5, 2), date.substr(8, 3), date.substr(12, 4),
                     date.substr(17, 8));
}

std::string version_in(std::string_view query) {
  const auto form = formats::parse_form(query);
  const std::string* version = form ? formats::find_field(*form, "versionId") : nullptr;
  return version ? *version : "";
}

std::string line_of(const aws::RequestRecord& record, const BucketRow& bucket, const std::string& key,
                    uint64_t object_bytes) {
  const aws::Caller& caller = record.caller;
  const bool is_tls = caller.transport == aws::Caller::Transport::Tls;
  const std::string bytes = record.bytes_sent == 0 ? "-" : std::to_string(record.bytes_sent);
  const std::string size = object_bytes == 0 ? "-" : std::to_string(object_bytes);
  const auto placement =
      record.placement == aws::RequestRecord::Placement::Query ? "QueryString" : "AuthHeader";
  return join({canonical_id(bucket.account),
               bucket.name,
               log_time(caller.now),
               word(caller.source_ip),
               word(requester_of(caller.principal)),
               caller.request_id,
               logged_operation(record.operation, record.method, record.query, !key.empty()),
               word(key),
               quoted_field(fmt::format("{} {} HTTP/1.1", record.method, record.target)),
               std::to_string(record.status),
               word(record.error_code),
               bytes,
               size,
               std::to_string(record.duration.count()),
               std::to_string(record.duration.count()),
               quoted_field(caller.referer),
               quoted_field(caller.user_agent),
               word(version_in(record.query)),
               base64_encode(caller.request_id),
               word(record.signature),
               "-",
               record.signature.empty() ? "-" : placement,
               word(caller.host),
               is_tls ? "TLSv1.3" : "-",
               "-",
               "-"},
              " ");
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html#server-access-log-object-key-format
std::string key_for(const LoggingEnabled& logging, const BucketRow& source, Time now, Random& random) {
  const std::string date = iso8601(now);  // 2026-01-01T00:00:00Z
  std::string key = logging.target_prefix;
  const auto& format = logging.target_object_key_format;
  if (format && format->partitioned_prefix) {
    key += fmt::format("{}/{}/{}/{}/{}/{}/", source.account, source.region, source.name, date.substr(0, 4),
                       date.substr(5, 2), date.substr(8, 2));
  }
  std::string time = replace_all(replace_all(date.substr(0, 19), "T", "-"), ":", "-");
  return key + time + "-" + to_upper(random.hex(kUniqueCharacters));
}

void require_logging(Call& call, const BucketRow& bucket, const LoggingEnabled& logging) {
  auto refuse = [&](const std::string& message) {
    aws::ServiceError error("InvalidTargetBucketForLogging", 400, message);
    error.with("TargetBucket", logging.target_bucket);
    throw error;
  };
  const auto target = find_bucket(call.transaction, logging.target_bucket);
  if (!target) refuse("The target bucket for logging does not exist");
  if (target->account != bucket.account) {
    refuse("The owner for the bucket to be logged and the target bucket must be the same.");
  }
  if (target->region != bucket.region) {
    aws::ServiceError error("CrossLocationLoggingProhibitted", 403, "Cross S3 location logging not allowed. ");
    if (bucket.region != "us-east-1") error.with("SourceBucketLocation", bucket.region);
    error.with("TargetBucketLocation", target->region);
    throw error;
  }
  if (!logging.target_grants.empty()) throw aws::NotImplemented("PutBucketLogging: TargetGrants");
  const auto& format = logging.target_object_key_format;
  if (!format || !format->partitioned_prefix) return;
  const std::string source = format->partitioned_prefix->partition_date_source.value_or("DeliveryTime");
  if (source != "DeliveryTime") throw aws::NotImplemented("PutBucketLogging: PartitionDateSource " + source);
}

}  // namespace

std::string logged_operation(std::string_view operation, std::string_view method, std::string_view query,
                             bool is_object) {
  struct Name {
    std::string_view parameter;
    std::string_view resource;
  };
  constexpr Name kNames[] = {{"acl", "ACL"},
                             {"cors", "CORS"},
                             {"delete", "MULTI_OBJECT_DELETE"},
                             {"encryption", "ENCRYPTION"},
                             {"legal-hold", "OBJECT_LOCK_LEGALHOLD"},
                             {"lifecycle", "LIFECYCLE"},
                             {"location", "LOCATION"},
                             {"logging", "LOGGING_STATUS"},
                             {"notification", "NOTIFICATION"},
                             {"object-lock", "OBJECT_LOCK_CONFIGURATION"},
                             {"ownershipControls", "OWNERSHIP_CONTROLS"},
                             {"partNumber", "PART"},
                             {"policy", "BUCKETPOLICY"},
                             {"policyStatus", "POLICY_STATUS"},
                             {"publicAccessBlock", "PUBLIC_ACCESS_BLOCK"},
                             {"replication", "REPLICATION"},
                             {"requestPayment", "REQUEST_PAYMENT"},
                             {"restore", "RESTORE"},
                             {"retention", "OBJECT_LOCK_RETENTION"},
                             {"uploads", "UPLOADS"},
                             {"versioning", "VERSIONING"},
                             {"versions", "BUCKETVERSIONS"},
                             {"website", "WEBSITE"}};
  std::string_view resource = is_object ? "OBJECT" : "BUCKET";
  for (std::string_view part : split(query, '&')) {
    const std::string_view parameter = part.substr(0, part.find('='));
    const auto name = std::ranges::find(kNames, parameter, &Name::parameter);
    if (name != std::end(kNames)) resource = name->resource;
    if (parameter == "tagging") resource = is_object ? "OBJECT_TAGGING" : "TAGGING";
    if (parameter == "uploadId" && resource == "OBJECT") resource = "UPLOAD";
  }
  if (operation == "CopyObject" || operation == "UploadPartCopy") method = "COPY";
  return fmt::format("REST.{}.{}", method, resource);
}

// Runs on a worker after the request's own work.
void AccessLog::record(const aws::RequestRecord& record) {
  const RequestSubject subject = subject_of(record.path);
  std::string line;
  {
    auto transaction = service_.database().begin(sql::Access::Read);
    const auto bucket = find_bucket(*transaction, subject.bucket);
    if (!bucket || !find_logging(*transaction, bucket->id)) return;
    const auto key = percent_decode(subject.key);
    const bool is_object = key && !key->empty();
    Records records(service_);
    const auto row = is_object ? find_version(records, bucket->id, *key, std::nullopt) : std::nullopt;
    line = line_of(record, *bucket, subject.key, row ? row->bytes : 0);
  }
  bool is_first = false;
  {
    std::lock_guard lock(mutex_);
    std::vector<std::string>& lines = lines_[subject.bucket];
    is_first = lines.empty();
    if (lines.size() < kLinesMax) lines.push_back(std::move(line));
  }
  if (!is_first) return;
  auto transaction = service_.database().begin(sql::Access::Write);
  service_.jobs().schedule(*transaction, {.kind = kAccessLogJob, .key = subject.bucket, .payload = "{}"},
                           record.caller.now + kDelay);
  transaction->commit();
}

void AccessLog::look(sql::Transaction& transaction) {
  is_wanted_ = transaction.find("SELECT 1 FROM s3_configuration WHERE kind = 'logging' LIMIT 1").has_value();
}

std::vector<std::string> AccessLog::take(const std::string& bucket) {
  std::lock_guard lock(mutex_);
  auto found = lines_.find(bucket);
  if (found == lines_.end()) return {};
  std::vector<std::string> lines = std::move(found->second);
  lines_.erase(found);
  return lines;
}

void deliver_log(Service& service, aws::Region& region, const jobs::Job& job) {
  const std::vector<std::string> lines = service.access_log().take(job.key);
  std::optional<LoggingEnabled> logging;
  std::optional<BucketRow> source;
  std::function<void(Call&)> look = [&](Call& call) {
    source = find_bucket(call.transaction, job.key);
    if (source) logging = find_logging(call.transaction, source->id);
  };
  aws::Caller caller = region.caller("", "", std::string(kDelivery));
  region.transact(caller, sql::Access::Read, look);
  if (lines.empty() || !logging) return;
  caller = region.caller(source->account, source->region, std::string(kDelivery));
  caller.principal.arn = bucket_arn(source->name);  // What it delivers for: aws:SourceArn.
  PutObjectRequest request{.bucket = logging->target_bucket};
  request.key = key_for(*logging, *source, caller.now, service.random());
  request.content_type = "text/plain";
  request.body = std::make_shared<async::StringSource>(join(lines, "\n") + "\n");
  region.call_blocking<PutObject>(std::move(caller), std::move(request));
}

GetBucketLoggingOutput get_bucket_logging(Service&, Call& call, const GetBucketLoggingRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  return {.logging_enabled = find_logging(call.transaction, bucket.id)};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html
// Whether the target lets logs in is found out when the first is delivered.
Nothing put_bucket_logging(Service& service, Call& call, const PutBucketLoggingRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  // A policy cannot give that away.
  if (call.principal.account != bucket.account) throw aws::AccessDenied("Access Denied");
  const auto& wanted = request.bucket_logging_status.logging_enabled;
  if (wanted) {
    require_logging(call, bucket, *wanted);
    set_configuration(call, bucket.id, kKind, aws::write_json(schema::kLoggingEnabled, &*wanted));
  } else {
    clear_configuration(call, bucket.id, kKind);
  }
  service.access_log().look(call.transaction);
  return {};
}

}  // namespace holm::s3
