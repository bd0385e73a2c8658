// Many metrics at once, and expressions over them.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "cloudwatch/handlers.h"
#include "metrics/store.h"
#include "services/cloudwatch/queries.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

constexpr size_t kQueriesMax = 500;
constexpr int32_t kDatapointsMax = 100'800;

// How many points of all results, in their order, were given already.
size_t points_before(const std::optional<std::string>& token) {
  if (!token) return 0;
  auto number = parse_integer(base64_decode(*token).value_or(""));
  if (!number || *number < 1) throw InvalidNextToken("The next token specified is invalid.");
  return static_cast<size_t>(*number);
}

MetricDataResult result_of(const Answer& answer, bool is_ascending) {
  MetricDataResult result{
      .id = answer.id, .label = answer.label, .status_code = std::string(status_code::kComplete)};
  for (const auto& [time, value] : answer.curve.points) {
    result.timestamps.push_back(from_milliseconds(time * 1000));
    result.values.push_back(value);
  }
  if (!is_ascending) {
    std::ranges::reverse(result.timestamps);
    std::ranges::reverse(result.values);
  }
  return result;
}

// Leaves `count` points after the first `skipped` ones; says how many points there are behind them.
size_t cut(MetricDataResult& result, size_t skipped, size_t count) {
  const size_t all = result.values.size();
  const size_t begin = std::min(skipped, all);
  const size_t end = begin + std::min(count, all - begin);
  result.timestamps = {result.timestamps.begin() + static_cast<std::ptrdiff_t>(begin),
                       result.timestamps.begin() + static_cast<std::ptrdiff_t>(end)};
  result.values = {result.values.begin() + static_cast<std::ptrdiff_t>(begin),
                   result.values.begin() + static_cast<std::ptrdiff_t>(end)};
  return all - end;
}

}  // namespace

GetMetricDataOutput get_metric_data(Service& service, Call& call, const GetMetricDataInput& request) {
  if (request.start_time >= request.end_time) {
    throw aws::ServiceError("ValidationError", 400,
                            "The parameter StartTime must be less than the parameter EndTime.");
  }
  if (request.metric_data_queries.size() > kQueriesMax) {
    throw aws::ServiceError("ValidationError", 400,
                            fmt::format("At most {} queries may be made at once.", kQueriesMax));
  }
  const size_t before = points_before(request.next_token);
  const auto count =
      static_cast<size_t>(std::clamp(request.max_datapoints.value_or(kDatapointsMax), 1, kDatapointsMax));
  const bool is_ascending = request.scan_by == scan_by::kTimestampAscending;
  Queries queries(service.store(), call, request.metric_data_queries,
                  {.start = request.start_time, .end = request.end_time});
  GetMetricDataOutput output;
  size_t skipped = before, left = count;
  for (const Answer& answer : queries.answers()) {
    MetricDataResult result = result_of(answer, is_ascending);
    const size_t all = result.values.size();
    // A result that earlier pages gave whole is not told again.
    if (all > 0 && skipped >= all) {
      skipped -= all;
      continue;
    }
    if (left == 0 && all > 0) {
      output.next_token = base64_encode(std::to_string(before + count));
      break;
    }
    const size_t behind = cut(result, skipped, left);
    skipped = 0;
    left -= result.values.size();
    if (behind > 0) {
      result.status_code = std::string(status_code::kPartialData);
      output.next_token = base64_encode(std::to_string(before + count));
    }
    output.metric_data_results.push_back(std::move(result));
    if (behind > 0) break;
  }
  return output;
}

}  // namespace holm::cloudwatch
