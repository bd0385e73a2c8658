// The policies of one user or role.

#include "services/iam/principal_policies.h"

#include "base/check.h"
#include "formats/json.h"
#include "services/iam/policies.h"

namespace holm::iam {

namespace {

// Documents are checked before they are stored. One that cannot be read might deny something, so it ends the
// request.
aws::PrincipalPolicy compile(std::string name, std::string document) {
  Result<policy::Policy, formats::ParseError> parsed = policy::parse(document);
  CHECK(parsed.has_value());
  auto compiled = std::make_shared<const policy::Policy>(std::move(*parsed));
  return {.name = std::move(name), .document = std::move(document), .compiled = std::move(compiled)};
}

void add_policies(sql::Transaction& transaction, const std::string& entity,
                  aws::PrincipalPolicies& policies) {
  for (const sql::Row& row : transaction.run(
           "SELECT name, document FROM iam_inline_policy WHERE entity = ?1 ORDER BY name", {entity})) {
    policies.identity.push_back(compile(row.text(0), row.text(1)));
  }
  for (const sql::Row& row : transaction.run(
           "SELECT policy_arn FROM iam_attachment WHERE entity = ?1 ORDER BY policy_arn", {entity})) {
    std::optional<std::string> document = find_managed_document(transaction, row.text(0));
    CHECK(document.has_value());
    policies.identity.push_back(compile(row.text(0), *document));
  }
}

void append_statements(formats::Array& statements, const std::string& document) {
  Result<formats::Value, formats::ParseError> parsed = formats::parse_json(document);
  CHECK(parsed.has_value());
  const formats::Value* found = parsed->find("Statement");
  CHECK(found != nullptr);
  if (const formats::Array* several = found->as_array()) {
    statements.insert(statements.end(), several->begin(), several->end());
  } else {
    statements.push_back(*found);
  }
}

}  // namespace

std::shared_ptr<const aws::PrincipalPolicies> collect_policies(sql::Transaction& transaction,
                                                               const Entity& entity,
                                                               const std::string& session_policy) {
  aws::PrincipalPolicies policies;
  add_policies(transaction, entity.id, policies);
  for (const sql::Row& row : transaction.run(
           "SELECT group_id FROM iam_membership WHERE user_id = ?1 ORDER BY group_id", {entity.id})) {
    add_policies(transaction, row.text(0), policies);
  }
  if (entity.boundary) {
    std::optional<std::string> document = find_managed_document(transaction, *entity.boundary);
    CHECK(document.has_value());
    policies.boundary = compile(*entity.boundary, *document);
  }
  if (!session_policy.empty()) policies.session = compile("session policy", session_policy);
  for (const Tag& tag : tags_of(transaction, entity)) policies.tags[tag.key] = tag.value;
  return std::make_shared<const aws::PrincipalPolicies>(std::move(policies));
}

std::shared_ptr<const aws::PrincipalPolicies> all_policies() {
  return fixed_policies(
      "everything", R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})",
      "");
}

std::shared_ptr<const aws::PrincipalPolicies> fixed_policies(const std::string& name,
                                                             const std::string& document,
                                                             const std::string& session_policy) {
  aws::PrincipalPolicies policies;
  policies.identity.push_back(compile(name, document));
  if (!session_policy.empty()) policies.session = compile("session policy", session_policy);
  return std::make_shared<const aws::PrincipalPolicies>(std::move(policies));
}

std::string merged_session_policy(sql::Transaction& transaction, const std::string& inline_policy,
                                  const std::vector<std::string>& policy_arns) {
  formats::Array statements;
  if (!inline_policy.empty()) append_statements(statements, inline_policy);
  for (const std::string& arn : policy_arns) {
    if (std::optional<std::string> document = find_managed_document(transaction, arn)) {
      append_statements(statements, *document);
    }
  }
  if (statements.empty()) {
    // No policy would mean no limit.
    return R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})";
  }
  // Names need to differ within one document only, and say nothing here.
  for (formats::Value& statement : statements) statement.as_object()->remove("Sid");
  formats::Object document;
  document.append("Version", "2012-10-17");
  document.append("Statement", std::move(statements));
  return formats::write_json(formats::Value(std::move(document)));
}

}  // namespace holm::iam
