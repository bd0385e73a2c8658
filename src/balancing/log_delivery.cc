// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-connection-logging.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html

#include "balancing/log_delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "async/byte_source.h"
#include "aws/service/attempt.h"
#include "aws/service/region.h"
#include "aws/service/root_principal.h"
#include "base/files.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "dataplane/balancer/balancer.h"
#include "http/gzip.h"
#include "s3/operations.h"
#include "sql/database.h"

namespace holm::balancing {

namespace {

constexpr char kDelivery[] = "logdelivery.elasticloadbalancing.amazonaws.com";
constexpr std::chrono::minutes kPeriod{5};
// What could not be delivered for so long is given up.
constexpr std::chrono::hours kKept{24};
constexpr size_t kRandomCharacters = 8;

struct RegionAccount {
  std::string_view region;
  std::string_view account;
};

// Regions from before August 2022 deliver as an account of AWS's own, which older policies name.
constexpr RegionAccount kRegionAccounts[] = {
    {"us-east-1", "127311923021"},      {"us-east-2", "033677994240"},
    {"us-west-1", "027434742980"},      {"us-west-2", "797873946194"},
    {"af-south-1", "098369216593"},     {"ap-east-1", "754344448648"},
    {"ap-south-1", "718504428378"},     {"ap-northeast-1", "582318560864"},
    {"ap-northeast-2", "600734575887"}, {"ap-northeast-3", "383597477331"},
    {"ap-southeast-1", "114774131450"}, {"ap-southeast-2", "783225319266"},
    {"ap-southeast-3", "589379963580"}, {"ca-central-1", "985666609251"},
    {"eu-central-1", "054676820928"},   {"eu-west-1", "156460612806"},
    {"eu-west-2", "652711504416"},      {"eu-west-3", "009996457667"},
    {"eu-north-1", "897822967062"},     {"eu-south-1", "635631232127"},
    {"me-south-1", "076674570225"},     {"sa-east-1", "507241528517"},
};

struct ArnParts {
  std::string region, account, name;  // "app/shop/0a"
};

ArnParts parts_of(const std::string& arn) {
  const auto parts = split(arn, ':');
  if (parts.size() < 6) return {};
  const std::string resource(parts[5]);
  return {std::string(parts[3]), std::string(parts[4]), resource.substr(resource.find('/') + 1)};
}

// Their resources have neither kind nor number.
bool is_classic(const ArnParts& parts) { return parts.name.find('/') == std::string::npos; }

// As whom logs are delivered, in the order they are tried. The ARN of a service is what it delivers for.
std::vector<aws::Principal> deliverers(const std::string& load_balancer_arn) {
  const ArnParts parts = parts_of(load_balancer_arn);
  std::vector<aws::Principal> principals = {aws::service_principal(kDelivery, parts.account)};
  principals.front().arn = load_balancer_arn;
  for (const RegionAccount& each : kRegionAccounts) {
    if (each.region != parts.region) continue;
    principals.push_back(aws::root_principal(std::string(each.account)));
  }
  return principals;
}

std::string with_prefix(const std::string& prefix, const std::string& key) {
  return prefix.empty() ? key : prefix + "/" + key;
}

std::string test_file_key(LogKind kind, const std::string& load_balancer_arn, const std::string& prefix) {
  const ArnParts parts = parts_of(load_balancer_arn);
  const std::string_view what = kind == LogKind::Access ? "Access" : "Connection";
  return with_prefix(prefix, fmt::format("AWSLogs/{}/ELB{}LogTestFile", parts.account, what));
}

// S3 itself says whether the object may be written: nothing is left of an upload that is begun and undone.
bool may_write(aws::Call& call, const aws::Principal& as, const std::string& bucket, const std::string& key) {
  const sql::Savepoint undone(call.transaction);
  return !aws::attempt(
      [&] { call.client.call<s3::CreateMultipartUpload>(call, as, {.bucket = bucket, .key = key}); });
}

// Tries one deliverer after the other; nothing, or why the last was refused.
std::optional<std::string> put(Dependencies& use, const std::string& load_balancer_arn,
                               const std::string& bucket, const std::string& key, const std::string& body) {
  std::optional<std::string> why;
  const ArnParts parts = parts_of(load_balancer_arn);
  for (const aws::Principal& each : deliverers(load_balancer_arn)) {
    aws::Caller caller = use.region.caller(parts.account, parts.region, kDelivery);
    caller.principal = each;
    s3::PutObjectRequest request{.bucket = bucket};
    request.key = key;
    request.body = std::make_shared<async::StringSource>(body);
    why =
        aws::attempt([&] { use.region.call_blocking<s3::PutObject>(std::move(caller), std::move(request)); });
    if (!why) break;
  }
  return why;
}

// Files of one place and their lines, in the order they were begun.
struct Batch {
  balancer::LogPlace place;
  std::vector<std::string> paths;
  std::string lines;
};

// From the name of a file; the beginning of time where there is none.
Time begun_at(const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  return from_milliseconds(parse_integer(std::string_view(name).substr(0, name.find('-'))).value_or(0));
}

// Those whose time has come.
std::map<std::string, Batch> collect(const std::string& folder, Time now) {
  std::map<std::string, Batch> batches;
  std::vector<std::string> paths;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().extension() == balancer::kCompleteLog) paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  for (const std::string& path : paths) {
    Result<std::string> content = read_file(path);
    const size_t end = content ? content->find('\n') : std::string::npos;
    const auto place =
        end == std::string::npos ? std::nullopt : balancer::log_place_of(content->substr(0, end));
    if (!place) {
      std::filesystem::remove(path, failed);
      continue;
    }
    if (!is_due(begun_at(path), now, place->bucket.period)) continue;
    Batch& batch = batches[balancer::to_text(*place)];
    batch.place = *place;
    batch.paths.push_back(path);
    batch.lines += std::string_view(*content).substr(end + 1);
  }
  return batches;
}

bool is_given_up(const std::string& path) {
  std::error_code failed;
  const auto written = std::filesystem::last_write_time(path, failed);
  return failed || std::filesystem::file_time_type::clock::now() - written > kKept;
}

}  // namespace

bool lets_logs_in(aws::Call& call, LogKind kind, const std::string& arn, const LogBucket& bucket) {
  const std::string key = test_file_key(kind, arn, bucket.prefix);
  return std::ranges::any_of(
      deliverers(arn), [&](const aws::Principal& each) { return may_write(call, each, bucket.name, key); });
}

void write_test_file(Dependencies& use, LogKind kind, const std::string& arn, const LogBucket& bucket) {
  const std::string body =
      fmt::format("Enable {}Log for ELB: {} at {}\n", kind == LogKind::Access ? "Access" : "Connection",
                  parts_of(arn).name, iso8601_milliseconds(use.clock.now()));
  const auto why = put(use, arn, bucket.name, test_file_key(kind, arn, bucket.prefix), body);
  if (why) log::warning(fmt::format("no test file of {}: {}", arn, *why));
}

Time next_log_delivery(Time now) {
  const auto since = now.time_since_epoch();
  return now - since % kPeriod + kPeriod;
}

std::string key_of(const LogFileName& name, const std::string& prefix) {
  const ArnParts parts = parts_of(name.load_balancer_arn);
  const std::string time = compact_date_time(name.end);  // 20261121T032000Z
  const std::string file = fmt::format("{}{}_elasticloadbalancing_{}_{}_{}Z_{}_{}.log{}",
                                       // An underscore, though AWS's page has a period there.
                                       name.kind == LogKind::Access ? "" : "conn_log_", parts.account,
                                       parts.region, replace_all(parts.name, "/", "."), time.substr(0, 13),
                                       name.node, name.random, is_classic(parts) ? "" : ".gz");
  return with_prefix(
      prefix, fmt::format("AWSLogs/{}/elasticloadbalancing/{}/{}/{}/{}/{}", parts.account, parts.region,
                          time.substr(0, 4), time.substr(4, 2), time.substr(6, 2), file));
}

bool is_due(Time begun, Time now, std::chrono::minutes period) {
  return period <= kPeriod || now - now.time_since_epoch() % period >= begun;
}

jobs::Outcome deliver_logs(Dependencies& use) {
  // At the end of a period, or at the start of the daemon, for what an earlier life left.
  const Time now = use.clock.now();
  const Time end = std::chrono::floor<std::chrono::minutes>(now);
  use.balancer.complete_access_logs();
  for (const auto& [text, batch] : collect(use.balancer.access_log_folder(), now)) {
    const LogFileName name{.kind = batch.place.kind,
                           .load_balancer_arn = batch.place.load_balancer_arn,
                           .node = batch.place.node,
                           .end = end,
                           .random = to_lower(use.random.alphanumeric(kRandomCharacters))};
    const std::string key = key_of(name, batch.place.bucket.prefix);
    const bool is_plain = is_classic(parts_of(name.load_balancer_arn));
    const auto why = put(use, name.load_balancer_arn, batch.place.bucket.name, key,
                         is_plain ? batch.lines : http::gzip(batch.lines));
    if (why) log::warning(fmt::format("logs of {} wait: {}", name.load_balancer_arn, *why));
    std::error_code ignored;
    for (const std::string& path : batch.paths) {
      if (!why || is_given_up(path)) std::filesystem::remove(path, ignored);
    }
  }
  return jobs::again_at(next_log_delivery(use.clock.now()));
}

}  // namespace holm::balancing
