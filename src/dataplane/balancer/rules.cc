// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-update-rules.html

#include "dataplane/balancer/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/characters.h"
#include "base/strings.h"
#include "dataplane/balancer/edge.h"
#include "http/characters.h"

namespace holm::balancer {

namespace {

constexpr size_t kTargetMax = 16 * 1024;
constexpr size_t kHostMax = 1024;

// What may stand in the header Host of a request that somebody understands.
bool is_host(std::string_view host) {
  constexpr std::string_view kOthers = ".-_:[]";
  return !host.empty() && host.size() <= kHostMax && is_alphanumeric(host, kOthers);
}

bool is_target(std::string_view target) {
  return target.starts_with('/') && target.find('#') == std::string_view::npos && http::all(http::kTarget, target);
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
  return std::ranges::any_of(patterns,
                             [&](const std::string& pattern) { return matches_wildcard(pattern, text); });
}

bool matches_query(const Condition& condition, const http::Request& request) {
  for (std::string_view pair : split(request.query, '&')) {
    size_t equals = pair.find('=');
    std::string key = to_lower(pair.substr(0, equals));
    std::string value;
    if (equals != std::string_view::npos) value = to_lower(pair.substr(equals + 1));
    for (const auto& [wanted_key, wanted_value] : condition.query) {
      bool key_matches = wanted_key.empty() || matches_wildcard(wanted_key, key);
      if (key_matches && matches_wildcard(wanted_value, value)) return true;
    }
  }
  return false;
}

bool is_within(const net::Address& address, std::string_view cidr) {
  size_t slash = cidr.find('/');
  Result<net::Address> network = net::Address::parse(cidr.substr(0, slash), 0);
  if (!network || network->family() != address.family()) return false;
  std::string_view wanted = network->ip_bytes();
  std::string_view actual = address.ip_bytes();
  size_t bits = wanted.size() * 8;
  if (slash != std::string_view::npos) {
    std::optional<long long> length = parse_integer(cidr.substr(slash + 1));
    if (!length || *length < 0 || static_cast<size_t>(*length) > bits) return false;
    bits = static_cast<size_t>(*length);
  }
  if (wanted.substr(0, bits / 8) != actual.substr(0, bits / 8)) return false;
  if (bits % 8 == 0) return true;
  int shift = static_cast<int>(8 - bits % 8);
  return static_cast<uint8_t>(wanted[bits / 8]) >> shift == static_cast<uint8_t>(actual[bits / 8]) >> shift;
}

std::string expand(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string result;
  while (true) {
    size_t start = text.find("#{");
    size_t end = start == std::string_view::npos ? start : text.find('}', start);
    if (end == std::string_view::npos) return result.append(text);
    auto found = values.find(std::string(text.substr(start + 2, end - start - 2)));
    result.append(text.substr(0, start));
    if (found != values.end()) {
      result.append(found->second);
    } else {
      result.append(text.substr(start, end + 1 - start));
    }
    text.remove_prefix(end + 1);
  }
}

// Host names, values of headers and query strings are compared ignoring case.
Condition in_lower_case(Condition condition) {
  using Field = Condition::Field;
  const bool ignores_case = condition.field == Field::Host || condition.field == Field::Header;
  for (std::string& each : condition.patterns) {
    if (ignores_case) each = to_lower(each);
  }
  for (auto& [key, value] : condition.query) {
    key = to_lower(key);
    value = to_lower(value);
  }
  return condition;
}

bool finds_any(const std::vector<Expression>& expressions, std::string_view text) {
  return std::ranges::any_of(expressions, [text](const Expression& each) { return each.is_found_in(text); });
}

uint64_t first_bytes(std::string_view text) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, text.data(), std::min(text.size(), sizeof bytes));
  return bytes;
}

}  // namespace

RuleTable::ReadyCondition RuleTable::ready(const Condition& condition) {
  ReadyCondition made{in_lower_case(condition), {}};
  const bool is_host = condition.field == Condition::Field::Host;
  const auto letters = is_host ? Expression::Letters::AreAlike : Expression::Letters::Differ;
  for (const std::string& each : condition.expressions) made.expressions.emplace_back(each, letters);
  return made;
}

RuleTable::RuleTable(const std::vector<Rule>& rules) : rules_(rules) {
  for (const Rule& rule : rules) {
    starts_.push_back(start_of(rule));
    std::vector<ReadyCondition>& own = conditions_.emplace_back();
    for (const Condition& each : rule.conditions) own.push_back(ready(each));
    if (!rule.host_rewrite && !rule.url_rewrite) continue;
    ReadyRewrites& rewrites = rewrites_[rule.priority];
    if (rule.host_rewrite) rewrites.host.emplace(rule.host_rewrite->expression, Expression::Letters::AreAlike);
    if (rule.url_rewrite) rewrites.url.emplace(rule.url_rewrite->expression);
  }
}

bool RuleTable::is_met(const ReadyCondition& ready, const http::Request& request) {
  const Condition& condition = ready.condition;
  switch (condition.field) {
    case Condition::Field::Path:
      return matches_any(condition.patterns, request.path) || finds_any(ready.expressions, request.path);
    case Condition::Field::Host: {
      const std::string host = split_host(request.authority).host;
      return matches_any(condition.patterns, host) || finds_any(ready.expressions, host);
    }
    case Condition::Field::Header:
      return std::ranges::any_of(request.headers.all(condition.header), [&](std::string_view value) {
        return matches_any(condition.patterns, to_lower(value)) || finds_any(ready.expressions, value);
      });
    case Condition::Field::QueryString: return matches_query(condition, request);
    case Condition::Field::Method:
      return std::ranges::find(condition.patterns, request.method) != condition.patterns.end();
    case Condition::Field::SourceIp:
      return std::ranges::any_of(condition.patterns,
                                 [&](const std::string& cidr) { return is_within(request.peer, cidr); });
  }
  return false;
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
RuleTable::Rewritten RuleTable::rewrite(const Rule& rule, const http::Request& request) const {
  Rewritten made;
  const auto found = rewrites_.find(rule.priority);
  if (found == rewrites_.end()) return made;
  if (found->second.host) {
    const auto host = found->second.host->replace_in(request.authority, rule.host_rewrite->replacement);
    if (host && !is_host(*host)) return {.host = {}, .target = {}, .status = "TransformInvalidHost"};
    made.host = host.value_or("");
  }
  if (found->second.url) {
    std::string url = request.path;
    if (!request.query.empty()) url.append("?").append(request.query);
    const auto target = found->second.url->replace_in(url, rule.url_rewrite->replacement);
    const bool is_too_long = target && target->size() > kTargetMax;
    if (is_too_long) return {.host = {}, .target = {}, .status = "TransformBufferTooSmall"};
    if (target && !is_target(*target)) return {.host = {}, .target = {}, .status = "TransformInvalidPath"};
    made.target = target.value_or("");
  }
  if (!made.host.empty() || !made.target.empty()) made.status = kTransformed;
  return made;
}

RuleTable::PathStart RuleTable::start_of(const Rule& rule) {
  PathStart start;
  for (const Condition& condition : rule.conditions) {
    if (condition.field != Condition::Field::Path || condition.patterns.empty()) continue;
    if (!condition.expressions.empty()) continue;
    const std::string& first = condition.patterns.front();
    const size_t literal = std::min(first.find_first_of("*?"), sizeof start.value);
    std::string_view common = std::string_view(first).substr(0, literal);
    for (const std::string& each : condition.patterns) {
      const auto differ = std::ranges::mismatch(common, each);
      common = {common.begin(), differ.in1};
    }
    const std::string ones(common.size(), '\xff');
    start = {first_bytes(common), first_bytes(ones)};
  }
  return start;
}

// With many rules most are passed over by the path's first bytes.
RuleTable::Found RuleTable::find(const http::Request& request) const {
  const uint64_t path = first_bytes(request.path);
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (((path ^ starts_[i].value) & starts_[i].mask) != 0) continue;
    const bool all = std::ranges::all_of(
        conditions_[i], [&](const ReadyCondition& condition) { return is_met(condition, request); });
    if (all) return {&rules_[i], rules_[i].priority == 0 ? i : i + 1};
  }
  return {nullptr, rules_.size()};
}

// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
std::string location(const Redirect& redirect, const http::Request& request, VisiblePort visible) {
  std::string protocol = request.scheme == http::Scheme::Https ? "https" : "http";
  // The path is written after a slash ("/#{path}"), so the value has none.
  std::string path = request.path.starts_with('/') ? request.path.substr(1) : request.path;
  std::map<std::string, std::string> values = {{"protocol", protocol},
                                               {"host", split_host(request.authority).host},
                                               {"port", std::to_string(visible.port)},
                                               {"path", path},
                                               {"query", request.query}};
  std::string scheme = to_lower(expand(redirect.protocol, values));
  std::string host = expand(redirect.host, values);
  std::string url = scheme + "://" + host;
  // AWS writes the port even where it is the scheme's own.
  std::string new_port = expand(redirect.port, values);
  bool stays = equals_ignoring_case(host, values["host"]) && scheme == "https";
  if (stays && new_port == "443") new_port = std::to_string(visible.secure);
  if (!new_port.empty()) url += ":" + new_port;
  url += expand(redirect.path, values);
  std::string query = expand(redirect.query, values);
  if (!query.empty()) url += "?" + query;
  return url;
}

}  // namespace holm::balancer
