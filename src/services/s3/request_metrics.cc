// Metrics of requests: what is set on buckets about them, and the measuring.

#include "services/s3/request_metrics.h"

#include <algorithm>
#include <optional>

#include "aws/codec/json_codec.h"
#include "aws/service/malformed_xml.h"
#include "base/check.h"
#include "base/strings.h"
#include "metrics/recorder.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/named_configurations.h"
#include "services/s3/records.h"
#include "services/s3/request_subject.h"
#include "services/s3/service.h"
#include "services/s3/tags.h"
#include "services/s3/versions.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kKind = "metrics";

MetricsConfiguration read(const std::string& document) {
  MetricsConfiguration configuration;
  CHECK(aws::read_json(document, schema::kMetricsConfiguration, &configuration).has_value());
  return configuration;
}

std::vector<Tag> tags_of(const MetricsFilter& filter) {
  if (filter.and_) return filter.and_->tags;
  return filter.tag ? std::vector<Tag>{*filter.tag} : std::vector<Tag>{};
}

std::string prefix_of(const MetricsFilter& filter) {
  return (filter.and_ ? filter.and_->prefix : filter.prefix).value_or("");
}

void require_filter(const std::optional<MetricsFilter>& filter) {
  if (!filter) return;
  if (filter->access_point_arn || (filter->and_ && filter->and_->access_point_arn)) {
    throw aws::NotImplemented("PutBucketMetricsConfiguration: AccessPointArn");
  }
  const int parts = (filter->prefix ? 1 : 0) + (filter->tag ? 1 : 0) + (filter->and_ ? 1 : 0);
  const bool is_empty_and = filter->and_ && !filter->and_->prefix && filter->and_->tags.empty();
  if (parts > 1 || is_empty_and) {
    throw aws::MalformedXml();
  }
}

// What counts requests of this kind; empty: nothing but AllRequests does.
std::string_view counter_of(const aws::RequestRecord& record, bool is_object) {
  if (record.operation.starts_with("List") && record.method == "GET") return "ListRequests";
  if (record.operation == "DeleteObjects") return "DeleteRequests";
  if (record.method == "HEAD") return "HeadRequests";
  if (record.method == "POST") return "PostRequests";
  if (!is_object) return {};
  if (record.method == "GET") return "GetRequests";
  if (record.method == "PUT") return "PutRequests";
  return record.method == "DELETE" ? "DeleteRequests" : std::string_view();
}

}  // namespace

bool RequestMetrics::is_about(const Watched& watched, const MetricsConfiguration& configuration,
                              const std::string& key) const {
  if (!configuration.filter) return true;
  const MetricsFilter& filter = *configuration.filter;
  if (!key.starts_with(prefix_of(filter))) return false;
  const std::vector<Tag> wanted = tags_of(filter);
  if (wanted.empty()) return true;
  Records records(service_);
  const auto row = find_version(records, watched.bucket, key, std::nullopt);
  if (!row) return false;
  const std::vector<Tag> tags = read_tags(row->tags);
  return std::ranges::all_of(wanted, [&](const Tag& each) {
    return std::ranges::any_of(
        tags, [&](const Tag& tag) { return tag.key == each.key && tag.value == each.value; });
  });
}

// Runs on a worker after the request's own work.
void RequestMetrics::record(const aws::RequestRecord& record) {
  const RequestSubject subject = subject_of(record.path);
  Watched watched;
  {
    std::lock_guard lock(mutex_);
    const auto found = watched_.find(subject.bucket);
    if (found == watched_.end()) return;
    watched = found->second;
  }
  const std::string key = percent_decode(subject.key).value_or("");
  const std::string_view counter = counter_of(record, !key.empty());
  const bool has_answer = record.method == "GET" && record.status / 100 == 2;
  for (const MetricsConfiguration& filter : watched.filters) {
    if (!is_about(watched, filter, key)) continue;
    auto add = [&](std::string_view name, double value, const char* unit) {
      recorder_.record({.metric = {watched.account,
                                   watched.region,
                                   "AWS/S3",
                                   std::string(name),
                                   {{"BucketName", subject.bucket}, {"FilterId", filter.id}}},
                        .unit = unit},
                       record.caller.now, metrics::Statistics::of(value));
    };
    add("AllRequests", 1, "Count");
    if (!counter.empty()) add(counter, 1, "Count");
    // Every request counts, so that the average is the share of those that failed.
    add("4xxErrors", record.status / 100 == 4 ? 1 : 0, "Count");
    add("5xxErrors", record.status / 100 == 5 ? 1 : 0, "Count");
    if (has_answer) add("BytesDownloaded", static_cast<double>(record.bytes_sent), "Bytes");
    if (record.bytes_received > 0) add("BytesUploaded", static_cast<double>(record.bytes_received), "Bytes");
    add("TotalRequestLatency", static_cast<double>(record.duration.count()), "Milliseconds");
    if (record.bytes_received == 0) {
      add("FirstByteLatency", static_cast<double>(record.until_first_byte.count()), "Milliseconds");
    }
  }
}

void RequestMetrics::look(sql::Transaction& transaction) {
  std::map<std::string, Watched> watched;
  for (const sql::Row& row : transaction.run(
           "SELECT DISTINCT b.id, b.account, b.region, b.name FROM s3_configuration c"
           " JOIN s3_bucket b ON b.id = c.bucket WHERE c.kind > 'metrics:' AND c.kind < 'metrics;'")) {
    Watched& made = watched[row.text(3)];
    made = {.account = row.text(1), .region = row.text(2), .bucket = row.integer(0)};
    for (const std::string& document : find_named(transaction, made.bucket, kKind)) {
      made.filters.push_back(read(document));
    }
  }
  std::lock_guard lock(mutex_);
  watched_ = std::move(watched);
  is_wanted_ = !watched_.empty();
}

GetBucketMetricsConfigurationOutput get_bucket_metrics_configuration(
    Service&, Call& call, const GetBucketMetricsConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  return {.metrics_configuration = read(require_named(call, bucket, kKind, request.id))};
}

ListBucketMetricsConfigurationsOutput list_bucket_metrics_configurations(
    Service&, Call& call, const ListBucketMetricsConfigurationsRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const NamedPage page = page_of_named(call, bucket, kKind, request.continuation_token);
  ListBucketMetricsConfigurationsOutput output{.is_truncated = page.next_token.has_value(),
                                               .continuation_token = request.continuation_token,
                                               .next_continuation_token = page.next_token};
  for (const std::string& document : page.documents) {
    output.metrics_configuration_list.push_back(read(document));
  }
  return output;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketMetricsConfiguration.html
Nothing put_bucket_metrics_configuration(Service& service, Call& call,
                                         const PutBucketMetricsConfigurationRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const MetricsConfiguration& wanted = request.metrics_configuration;
  require_filter(wanted.filter);
  set_named(call, bucket, kKind, request.id, wanted.id,
            aws::write_json(schema::kMetricsConfiguration, &wanted));
  service.request_metrics().look(call.transaction);
  return {};
}

Nothing delete_bucket_metrics_configuration(Service& service, Call& call,
                                            const DeleteBucketMetricsConfigurationRequest& request) {
  clear_named(call, require_bucket(call, request.bucket), kKind, request.id);
  service.request_metrics().look(call.transaction);
  return {};
}

}  // namespace holm::s3
