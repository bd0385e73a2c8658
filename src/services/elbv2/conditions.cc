// Both ways of giving values, a list of the condition's own and one in the structure of its field, are the same.

#include "services/elbv2/conditions.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/error.h"
#include "base/characters.h"
#include "base/strings.h"
#include "dataplane/balancer/expression.h"
#include "net/address.h"

namespace holm::elbv2 {

namespace {

using Field = balancer::Condition::Field;

constexpr size_t kValuesMax = 5;
constexpr size_t kWildcardsMax = 5;
constexpr size_t kValueMax = 128;
constexpr size_t kNameMax = 40;
constexpr size_t kRewriteMax = 1024;

[[noreturn]] void refuse(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

template <class Config>
std::vector<std::string> values_of(const RuleCondition& condition, const std::optional<Config>& config) {
  return config && !config->values.empty() ? config->values : condition.values;
}

template <class Config>
std::vector<std::string> expressions_of(const RuleCondition& condition, const std::optional<Config>& config) {
  return config && !config->regex_values.empty() ? config->regex_values : condition.regex_values;
}

std::optional<balancer::Condition> to_condition(const RuleCondition& condition) {
  balancer::Condition result;
  const std::string field = condition.field.value_or("");
  if (field == "path-pattern") {
    result.field = Field::Path;
    result.patterns = values_of(condition, condition.path_pattern_config);
    result.expressions = expressions_of(condition, condition.path_pattern_config);
  } else if (field == "host-header") {
    result.field = Field::Host;
    result.patterns = values_of(condition, condition.host_header_config);
    result.expressions = expressions_of(condition, condition.host_header_config);
  } else if (field == "http-header" && condition.http_header_config) {
    result.field = Field::Header;
    result.header = condition.http_header_config->http_header_name.value_or("");
    result.patterns = condition.http_header_config->values;
    result.expressions = expressions_of(condition, condition.http_header_config);
    if (result.header.empty()) return std::nullopt;
  } else if (field == "query-string" && condition.query_string_config) {
    result.field = Field::QueryString;
    for (const QueryStringKeyValuePair& each : condition.query_string_config->values) {
      result.query.emplace_back(each.key.value_or(""), each.value.value_or(""));
    }
  } else if (field == "http-request-method" && condition.http_request_method_config) {
    result.field = Field::Method;
    result.patterns = condition.http_request_method_config->values;
  } else if (field == "source-ip" && condition.source_ip_config) {
    result.field = Field::SourceIp;
    result.patterns = condition.source_ip_config->values;
  } else {
    return std::nullopt;
  }
  if (result.patterns.empty() && result.query.empty() && result.expressions.empty()) return std::nullopt;
  return result;
}

bool is_cidr(const std::string& text) {
  size_t slash = text.find('/');
  auto length = slash == std::string::npos ? std::nullopt : parse_integer(text.substr(slash + 1));
  auto address = net::Address::parse(text.substr(0, slash), 0);
  return address && length && *length >= 0 &&
         *length <= (address->family() == net::Address::Family::Ipv4 ? 32 : 128);
}

// What values of the field are made of besides letters, digits and wildcards; empty: whatever can be seen.
std::string_view characters_of(Field field) {
  if (field == Field::Host) return "-.*?";
  if (field == Field::Path) return "_-.$/~\"'@:+&*?";
  return field == Field::Method ? "-_" : "";
}

bool is_made_of(std::string_view value, std::string_view characters) {
  if (!characters.empty()) return is_alphanumeric(value, characters);
  return std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
}

void check_value(Field field, const std::string& value) {
  const size_t most = field == Field::Method ? kNameMax : kValueMax;
  if (value.empty() || value.size() > most) {
    refuse(fmt::format("Condition value '{}' must have 1 to {} characters", value, most));
  }
  if (!is_made_of(value, characters_of(field))) {
    refuse(fmt::format("Condition value '{}' contains a character that is not valid", value));
  }
  if (field == Field::SourceIp && !is_cidr(value)) {
    refuse(fmt::format("Condition value '{}' must be a CIDR block", value));
  }
}

void check_expression(const std::string& text) {
  if (text.empty() || text.size() > kValueMax) {
    refuse(fmt::format("Regex value '{}' must have 1 to {} characters", text, kValueMax));
  }
  if (const auto problem = balancer::Expression::problem_of(text)) {
    refuse(fmt::format("Regex value '{}' is not valid: {}", text, *problem));
  }
}

size_t wildcards_in(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return c == '*' || c == '?'; }));
}

size_t check_values(const balancer::Condition& condition) {
  size_t wildcards = 0;
  if (condition.header.size() > kNameMax) {
    refuse(fmt::format("HTTP header name '{}' must have at most {} characters", condition.header, kNameMax));
  }
  const bool has_wildcards = condition.field != Field::Method && condition.field != Field::SourceIp;
  for (const std::string& each : condition.patterns) {
    check_value(condition.field, each);
    if (has_wildcards) wildcards += wildcards_in(each);
  }
  for (const auto& [key, value] : condition.query) {
    if (!key.empty()) check_value(Field::QueryString, key);
    check_value(Field::QueryString, value);
    wildcards += wildcards_in(key) + wildcards_in(value);
  }
  for (const std::string& each : condition.expressions) check_expression(each);
  return wildcards;
}

const std::vector<RewriteConfig>* rewrites_of(const RuleTransform& transform) {
  if (transform.type == "host-header-rewrite" && transform.host_header_rewrite_config) {
    return &transform.host_header_rewrite_config->rewrites;
  }
  if (transform.type == "url-rewrite" && transform.url_rewrite_config) {
    return &transform.url_rewrite_config->rewrites;
  }
  return nullptr;
}

void check_rewrite(const RewriteConfig& rewrite) {
  if (rewrite.regex.empty() || rewrite.regex.size() > kRewriteMax || rewrite.replace.size() > kRewriteMax) {
    refuse(fmt::format("The regex of a transform must have 1 to {0} characters and its replacement at most {0}",
                       kRewriteMax));
  }
  if (const auto problem = balancer::Expression::problem_of(rewrite.regex, rewrite.replace)) {
    refuse(
        fmt::format("The transform of '{}' to '{}' is not valid: {}", rewrite.regex, rewrite.replace, *problem));
  }
}

}  // namespace

void check_conditions(const std::vector<RuleCondition>& conditions) {
  if (conditions.empty()) refuse("A condition must be specified");
  size_t count = 0, wildcards = 0;
  std::vector<Field> seen;
  for (const RuleCondition& each : conditions) {
    const std::optional<balancer::Condition> condition = to_condition(each);
    if (!condition) refuse(fmt::format("Condition field '{}' is not valid", each.field.value_or("")));
    if (!condition->patterns.empty() && !condition->expressions.empty()) {
      refuse(fmt::format("A '{}' condition can have values or regex values, and not both", *each.field));
    }
    count += condition->patterns.size() + condition->query.size() + condition->expressions.size();
    const bool once = condition->field != Field::Header && condition->field != Field::QueryString;
    if (once && std::ranges::find(seen, condition->field) != seen.end()) {
      refuse(fmt::format("A rule can only have one '{}' condition", *each.field));
    }
    seen.push_back(condition->field);
    wildcards += check_values(*condition);
  }
  if (count > kValuesMax) refuse(fmt::format("A rule can only have '{}' condition values", kValuesMax));
  if (wildcards > kWildcardsMax) {
    refuse(fmt::format("A rule can only have '{}' condition wildcards", kWildcardsMax));
  }
}

void check_transforms(const std::vector<RuleTransform>& transforms, const std::vector<Action>& actions) {
  std::vector<std::string> seen;
  for (const RuleTransform& each : transforms) {
    const std::vector<RewriteConfig>* rewrites = rewrites_of(each);
    if (!rewrites || rewrites->size() != 1) {
      refuse(fmt::format("A transform of the type '{}' must have one rewrite, in the structure of that type",
                         each.type));
    }
    if (std::ranges::find(seen, each.type) != seen.end()) {
      refuse(fmt::format("A rule can only have one '{}' transform", each.type));
    }
    seen.push_back(each.type);
    check_rewrite(rewrites->front());
  }
  const bool forwards = std::ranges::any_of(actions, [](const Action& each) { return each.type == "forward"; });
  if (!transforms.empty() && !forwards) throw aws::NotImplemented("Transforms of rules that do not forward");
}

std::vector<RuleCondition> described(std::vector<RuleCondition> conditions) {
  auto complete = []<class Config>(RuleCondition& condition, std::optional<Config>& config) {
    const std::vector<std::string> values = values_of(condition, config);
    const std::vector<std::string> expressions = expressions_of(condition, config);
    condition.values = values;
    condition.regex_values = expressions;
    config.emplace();
    config->values = values;
    config->regex_values = expressions;
  };
  for (RuleCondition& each : conditions) {
    if (each.field == "host-header") complete(each, each.host_header_config);
    if (each.field == "path-pattern") complete(each, each.path_pattern_config);
  }
  return conditions;
}

std::vector<balancer::Condition> to_conditions(const std::vector<RuleCondition>& conditions) {
  std::vector<balancer::Condition> result;
  for (const RuleCondition& each : conditions) {
    if (auto condition = to_condition(each)) result.push_back(std::move(*condition));
  }
  return result;
}

void set_rewrites(balancer::Rule& rule, const std::vector<RuleTransform>& transforms) {
  for (const RuleTransform& each : transforms) {
    const std::vector<RewriteConfig>* rewrites = rewrites_of(each);
    if (!rewrites || rewrites->empty()) continue;
    const balancer::Rewrite rewrite{rewrites->front().regex, rewrites->front().replace};
    (each.type == "url-rewrite" ? rule.url_rewrite : rule.host_rewrite) = rewrite;
  }
}

}  // namespace holm::elbv2
