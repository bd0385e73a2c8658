// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_HealthCheck.html

#include "services/elb/health_checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "elb/handlers.h"
#include "services/elb/records.h"
#include "services/elb/service.h"

namespace holm::elb {

namespace {

constexpr size_t kPathMax = 1024;
constexpr long long kPortMax = 65535;

}  // namespace

Result<CheckTarget> parse_check_target(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    return failure("HealthCheck Target must specify a protocol and a port: TCP:80");
  CheckTarget target{.protocol = to_upper(text.substr(0, colon))};
  const bool has_path = target.protocol == "HTTP" || target.protocol == "HTTPS";
  if (!has_path && target.protocol != "TCP" && target.protocol != "SSL") {
    return failure("HealthCheck Target must begin with one of HTTP, HTTPS, TCP, SSL");
  }
  const std::string_view rest = text.substr(colon + 1);
  const size_t slash = std::min(rest.find('/'), rest.size());
  target.path = rest.substr(slash);
  if (has_path && target.path.empty()) {
    return failure(
        fmt::format("HealthCheck {} Target must specify a port followed by a path that begins with a slash. "
                    "e.g. {}:80/ping/this/path",
                    target.protocol, target.protocol));
  }
  if (!has_path && !target.path.empty()) {
    return failure(
        fmt::format("HealthCheck {0} Target must specify a port and no path. e.g. {0}:80", target.protocol));
  }
  const bool is_plain = std::ranges::all_of(target.path, [](char c) { return c > ' ' && c < 0x7f; });
  if (!is_plain || target.path.size() > kPathMax) {
    return failure(
        fmt::format("HealthCheck Target must have a path of up to {} printable characters", kPathMax));
  }
  const auto port = parse_integer(rest.substr(0, slash));
  if (!port || *port < 1 || *port > kPortMax) {
    return failure(fmt::format("HealthCheck Target must specify a port from 1 to {}", kPortMax));
  }
  target.port = static_cast<uint16_t>(*port);
  return target;
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_ConfigureHealthCheck.html
ConfigureHealthCheckOutput configure_health_check(Service& service, Call& call,
                                                  const ConfigureHealthCheckInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  const auto target = parse_check_target(request.health_check.target);
  if (!target) refuse(target.error().message);
  if (request.health_check.timeout >= request.health_check.interval) {
    refuse("HealthCheck Timeout must be less than its Interval");
  }
  record.document.health_check = request.health_check;
  replace_record(service, call, record);
  return {.health_check = request.health_check};
}

}  // namespace holm::elb
