// What a policy must and must not have where it is attached.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "aws/policy/document.h"
#include "aws/policy/policy.h"
#include "base/check.h"

namespace holm::aws::policy {

namespace {

bool is_alphanumeric(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

Result<void> check_sids(const Document& document) {
  std::set<std::string_view> seen;
  for (const Statement& statement : document.statements) {
    if (statement.sid.empty()) continue;
    if (!seen.insert(statement.sid).second)
      return failure("Statement IDs (SID) in a single policy must be unique.");
  }
  return {};
}

// A whole ARN, or the beginning of one with a star.
bool is_resource(std::string_view text) {
  if (text == "*") return true;
  if (!text.starts_with("arn:")) return false;
  return std::ranges::count(text, ':') >= 5 || text.ends_with('*');
}

Result<void> check_identity(const Statement& statement) {
  if (statement.principal_polarity)
    return failure("Policy document should not specify a principal.");
  if (!statement.action_polarity) return failure("Policy statement must contain actions.");
  if (!statement.resource_polarity) return failure("Policy statement must contain resources.");
  if (!is_alphanumeric(statement.sid)) {
    return failure(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
        "expression "
        "[0-9A-Za-z]*");
  }
  for (const std::string& text : statement.resource_texts) {
    if (!is_resource(text))
      return failure(fmt::format("Resource {} must be in ARN format or \"*\".", text));
  }
  return {};
}

Result<void> check_resource(const Statement& statement) {
  if (!statement.principal_polarity) return failure("Missing required field Principal");
  if (!statement.action_polarity) return failure("Missing required field Action");
  return {};
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
Result<void> check_trust(const Statement& statement) {
  if (!statement.principal_polarity) return failure("Missing required field Principal");
  if (statement.principal_polarity == Polarity::IsNot)
    return failure("Has prohibited field NotPrincipal");
  if (statement.resource_polarity) return failure("Has prohibited field Resource");
  if (statement.action_polarity != Polarity::Is) return failure("Missing required field Action");
  const auto is_sts = [](const std::string& action) { return action.starts_with("sts:"); };
  if (!std::ranges::all_of(statement.actions, is_sts)) {
    return failure("AssumeRole policy may only specify STS AssumeRole actions.");
  }
  return {};
}

Result<void> check(const Statement& statement, PolicyKind kind) {
  switch (kind) {
    case PolicyKind::Identity:
      return check_identity(statement);
    case PolicyKind::Resource:
      return check_resource(statement);
    case PolicyKind::Trust:
      return check_trust(statement);
  }
  CHECK(false);
  return {};
}

}  // namespace

Result<void> validate(const Policy& policy, PolicyKind kind) {
  for (const Statement& statement : policy.document().statements) {
    if (Result<void> checked = check(statement, kind); !checked) return checked;
  }
  return check_sids(policy.document());
}

std::vector<std::string> principal_arns(const Policy& policy) {
  std::vector<std::string> arns;
  for (const Statement& statement : policy.document().statements) {
    for (const PrincipalEntry& principal : statement.principals) {
      if (principal.kind == PrincipalEntry::Kind::Arn) arns.push_back(principal.text);
    }
  }
  return arns;
}

}  // namespace holm::aws::policy
