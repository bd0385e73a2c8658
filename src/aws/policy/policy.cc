// Reads policy documents into their compiled form.

#include "aws/policy/policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/policy/document.h"
#include "base/strings.h"
#include "formats/json.h"

namespace holm::aws::policy {

namespace {

using formats::ParseError;
using formats::Value;
using Read = Result<void, ParseError>;

constexpr int kMaxDepth = 16;

std::unexpected<ParseError> wrong(const Value& at, std::string message) {
  return std::unexpected(ParseError{std::move(message), at.place});
}

std::unexpected<ParseError> syntax(const Value& at, std::string_view detail) {
  return wrong(at, fmt::format("Syntax errors in policy. {}", detail));
}

// The items of an element that is one item or a list of them.
std::vector<const Value*> list_of(const Value& value) {
  std::vector<const Value*> list;
  if (const formats::Array* array = value.as_array()) {
    for (const Value& element : *array) list.push_back(&element);
  } else {
    list.push_back(&value);
  }
  return list;
}

Result<std::vector<std::string_view>, ParseError> texts_of(const Value& value,
                                                           std::string_view element) {
  std::vector<std::string_view> texts;
  const auto list = list_of(value);
  for (const Value* item : list) {
    const std::string* text = item->as_string();
    if (text == nullptr) return syntax(*item, fmt::format("{} must hold strings.", element));
    texts.push_back(*text);
  }
  return texts;
}

bool is_account(std::string_view text) {
  return text.size() == 12 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_unique_id(std::string_view text) {
  return text.size() >= 16 && text.size() <= 128 &&
         (text.starts_with("AIDA") || text.starts_with("AROA")) &&
         std::ranges::all_of(
             text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
std::optional<PrincipalEntry> read_aws_principal(std::string_view text) {
  using Kind = PrincipalEntry::Kind;
  if (text == "*") return PrincipalEntry{Kind::Everyone, {}};
  if (is_account(text)) return PrincipalEntry{Kind::Account, std::string(text)};
  if (is_unique_id(text)) return PrincipalEntry{Kind::UniqueId, std::string(text)};
  const auto parts = split(text, ':');
  if (parts.size() != 6 || parts[0] != "arn" || !parts[1].starts_with("aws") || !parts[3].empty()) {
    return std::nullopt;
  }
  const bool is_origin_identity = parts[4] == "cloudfront";
  if (!is_account(parts[4]) && !is_origin_identity) return std::nullopt;
  // Wildcards stand for nothing here but in "*" alone.
  if (text.find_first_of("*?") != text.npos) return std::nullopt;
  const std::string_view resource = parts[5];
  if (parts[2] == "iam" && resource == "root")
    return PrincipalEntry{Kind::Account, std::string(parts[4])};
  const auto names = [&](std::string_view type) {
    return resource.starts_with(type) && resource.size() > type.size();
  };
  const bool is_identity = parts[2] == "iam" && (names("user/") || names("role/"));
  const bool is_session = parts[2] == "sts" && (names("assumed-role/") || names("federated-user/"));
  if (!is_identity && !is_session) return std::nullopt;
  return PrincipalEntry{Kind::Arn, std::string(text)};
}

std::optional<PrincipalEntry> read_principal(std::string_view type, std::string_view text) {
  using Kind = PrincipalEntry::Kind;
  if (text.empty()) return std::nullopt;
  if (type == "AWS") return read_aws_principal(text);
  if (text.find_first_of("*?") != text.npos) return std::nullopt;
  if (type == "Service") {
    if (text.find('.') == text.npos) return std::nullopt;
    return PrincipalEntry{Kind::Service, to_lower(text)};
  }
  if (type == "Federated") return PrincipalEntry{Kind::Federated, std::string(text)};
  if (type == "CanonicalUser") return PrincipalEntry{Kind::CanonicalUser, std::string(text)};
  return std::nullopt;
}

// Reads one statement; each function takes one element of it.
class StatementReader final {
 public:
  explicit StatementReader(Variables variables) : variables_(variables) {}

  Result<Statement, ParseError> read(const Value& value) {
    const formats::Object* object = value.as_object();
    if (object == nullptr) return syntax(value, "A statement must be an object.");
    bool has_effect = false;
    for (const auto& [name, element] : *object) {
      has_effect = has_effect || name == "Effect";
      if (Read taken = take(name, element); !taken)
        return std::unexpected(std::move(taken.error()));
    }
    if (!has_effect) return wrong(value, "Missing required field Effect");
    return std::move(statement_);
  }

 private:
  Read take(const std::string& name, const Value& value) {
    if (name == "Sid") return take_sid(value);
    if (name == "Effect") return take_effect(value);
    if (name == "Principal") return take_principal(value, Polarity::Is);
    if (name == "NotPrincipal") return take_principal(value, Polarity::IsNot);
    if (name == "Action") return take_actions(value, Polarity::Is);
    if (name == "NotAction") return take_actions(value, Polarity::IsNot);
    if (name == "Resource") return take_resources(value, Polarity::Is);
    if (name == "NotResource") return take_resources(value, Polarity::IsNot);
    if (name == "Condition") return take_conditions(value);
    return syntax(value, fmt::format("Unknown element {}.", name));
  }

  Read take_sid(const Value& value) {
    const std::string* text = value.as_string();
    if (text == nullptr) return syntax(value, "Sid must be a string.");
    statement_.sid = *text;
    return {};
  }

  Read take_effect(const Value& value) {
    const std::string* text = value.as_string();
    if (text == nullptr || (*text != "Allow" && *text != "Deny")) {
      return syntax(value, "Effect must be Allow or Deny.");
    }
    statement_.effect = *text == "Allow" ? Effect::Allow : Effect::Deny;
    return {};
  }

  Read take_principal(const Value& value, Polarity polarity) {
    if (statement_.principal_polarity)
      return syntax(value, "Principal and NotPrincipal exclude each other.");
    statement_.principal_polarity = polarity;
    if (const std::string* text = value.as_string()) {
      if (*text != "*")
        return wrong(value, fmt::format("Invalid principal in policy: \"{}\"", *text));
      statement_.principals.push_back({});
      return {};
    }
    const formats::Object* object = value.as_object();
    if (object == nullptr || object->empty())
      return syntax(value, "Principal must be \"*\" or an object.");
    for (const auto& [type, names] : *object) {
      const auto texts = texts_of(names, "Principal");
      if (!texts) return std::unexpected(texts.error());
      if (texts->empty()) return wrong(value, "Invalid principal in policy");
      for (std::string_view text : *texts) {
        auto entry = read_principal(type, text);
        if (!entry)
          return wrong(names,
                       fmt::format("Invalid principal in policy: \"{}\":\"{}\"", type, text));
        statement_.principals.push_back(std::move(*entry));
      }
    }
    return {};
  }

  Read take_actions(const Value& value, Polarity polarity) {
    if (statement_.action_polarity)
      return syntax(value, "Action and NotAction exclude each other.");
    statement_.action_polarity = polarity;
    const auto texts = texts_of(value, "Action");
    if (!texts) return std::unexpected(texts.error());
    if (texts->empty()) return wrong(value, "Policy statement must contain actions.");
    for (std::string_view text : *texts) {
      const size_t colon = text.find(':');
      const bool has_vendor = colon != text.npos && colon > 0 && colon + 1 < text.size();
      if (text != "*" && (!has_vendor || text.find(':', colon + 1) != text.npos)) {
        return wrong(value,
                     "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
      }
      statement_.actions.push_back(to_lower(text));
    }
    return {};
  }

  Read take_resources(const Value& value, Polarity polarity) {
    if (statement_.resource_polarity)
      return syntax(value, "Resource and NotResource exclude each other.");
    statement_.resource_polarity = polarity;
    const auto texts = texts_of(value, "Resource");
    if (!texts) return std::unexpected(texts.error());
    if (texts->empty()) return wrong(value, "Policy statement must contain resources.");
    for (std::string_view text : *texts) {
      auto pattern = compile_pattern(text, Wildcards::Resource, variables_);
      if (!pattern)
        return syntax(value, fmt::format("Resource {} holds a malformed variable.", text));
      statement_.resources.push_back(std::move(*pattern));
      statement_.resource_texts.emplace_back(text);
    }
    return {};
  }

  Read take_conditions(const Value& value) {
    const formats::Object* operators = value.as_object();
    if (operators == nullptr) return syntax(value, "Condition must be an object.");
    for (const auto& [name, keys] : *operators) {
      const auto op = find_operator(name);
      if (!op) return syntax(keys, fmt::format("Invalid Condition type : {}.", name));
      const formats::Object* object = keys.as_object();
      if (object == nullptr || object->empty())
        return syntax(keys, fmt::format("{} must name keys.", name));
      for (const auto& [key, operands] : *object) {
        if (Read taken = take_condition(*op, name, key, operands); !taken) return taken;
      }
    }
    return {};
  }

  Read take_condition(const Operator& op, std::string_view name, const std::string& key,
                      const Value& value) {
    // Vendors are those of actions and "aws".
    if (key.find(':') == key.npos || key.front() == ':' || key.back() == ':') {
      return wrong(value,
                   "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    }
    Condition condition{op, to_lower(key), {}};
    const auto list = list_of(value);
    if (list.empty()) return syntax(value, fmt::format("{} of {} has no values.", name, key));
    for (const Value* item : list) {
      const auto text = scalar_text(*item);
      auto operand = text ? read_operand(op, *text, variables_) : std::nullopt;
      if (!operand) return syntax(*item, fmt::format("Invalid value for {} of {}.", name, key));
      condition.operands.push_back(std::move(*operand));
    }
    statement_.conditions.push_back(std::move(condition));
    return {};
  }

  // Numbers and booleans may stand without quotation marks.
  static std::optional<std::string> scalar_text(const Value& value) {
    if (const std::string* text = value.as_string()) return *text;
    if (const bool* is = value.as_boolean()) return *is ? "true" : "false";
    if (const auto integer = value.as_integer()) return std::to_string(*integer);
    if (const auto number = value.as_number()) return fmt::format("{}", *number);
    return std::nullopt;
  }

  Variables variables_;
  Statement statement_;
};

// Variables are text in documents of the language's first version.
Result<Variables, ParseError> read_version(const Value* version) {
  if (version == nullptr) return Variables::Literal;
  const std::string* text = version->as_string();
  if (text != nullptr && *text == "2012-10-17") return Variables::Replaced;
  if (text != nullptr && *text == "2008-10-17") return Variables::Literal;
  return syntax(*version, "Version must be 2012-10-17 or 2008-10-17.");
}

Result<Document, ParseError> read_document(const Value& value) {
  const formats::Object* object = value.as_object();
  if (object == nullptr) return syntax(value, "The document must be an object.");
  Document document;
  const auto variables = read_version(object->find("Version"));
  if (!variables) return std::unexpected(variables.error());
  const Value* statements = nullptr;
  for (const auto& [name, element] : *object) {
    if (name == "Statement") {
      statements = &element;
    } else if (name == "Id") {
      if (element.as_string() == nullptr) return syntax(element, "Id must be a string.");
      document.id = *element.as_string();
    } else if (name != "Version") {
      return syntax(element, fmt::format("Unknown element {}.", name));
    }
  }
  if (statements == nullptr) return syntax(value, "Missing required field Statement.");
  const auto list = list_of(*statements);
  if (list.empty()) return syntax(*statements, "Statement is empty.");
  for (const Value* item : list) {
    auto statement = StatementReader(*variables).read(*item);
    if (!statement) return std::unexpected(std::move(statement.error()));
    document.statements.push_back(std::move(*statement));
  }
  return document;
}

void add_variables(const Pattern& pattern, std::vector<std::string>& keys) {
  for (const Pattern::Variable& variable : pattern.variables) keys.push_back(variable.key);
}

std::vector<std::string> keys_of(const std::vector<Statement>& statements) {
  std::vector<std::string> keys;
  for (const Statement& statement : statements) {
    for (const Pattern& pattern : statement.resources) add_variables(pattern, keys);
    for (const Condition& condition : statement.conditions) {
      keys.push_back(condition.key);
      for (const Operand& operand : condition.operands) {
        if (const auto* pattern = std::get_if<Pattern>(&operand)) add_variables(*pattern, keys);
      }
    }
  }
  std::ranges::sort(keys);
  keys.erase(std::ranges::unique(keys).begin(), keys.end());
  return keys;
}

}  // namespace

Result<Policy, ParseError> parse(std::string_view text) {
  if (text.size() > kMaxDocumentBytes) {
    return std::unexpected(ParseError{"Cannot exceed quota for PolicySize", {}});
  }
  auto value = formats::parse_json(text, {.depth = kMaxDepth, .bytes = kMaxDocumentBytes});
  if (!value)
    return std::unexpected(ParseError{"This policy contains invalid Json", value.error().place});
  auto document = read_document(*value);
  if (!document) return std::unexpected(std::move(document.error()));
  document->context_keys = keys_of(document->statements);
  return Policy(std::make_shared<const Document>(std::move(*document)));
}

std::span<const std::string> context_keys(const Policy& policy) { return policy.document().context_keys; }

size_t counted_characters(std::string_view text) {
  // Characters of several bytes count once.
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) {
    return c != ' ' && c != '\t' && c != '\n' && c != '\r' &&
           (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace holm::aws::policy
