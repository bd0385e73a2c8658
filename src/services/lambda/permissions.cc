// Adding to, taking from and evaluating functions' policies.
// https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html

#include "services/lambda/permissions.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/policy/policy.h"
#include "aws/policy/service_access.h"
#include "aws/service/error.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "formats/json.h"
#include "lambda/handlers.h"

namespace holm::lambda {

namespace {

constexpr size_t kPolicyBytesMax = 20'480;
constexpr char kInvokeAction[] = "lambda:InvokeFunction";

// What names the policy: the function's own has no qualifier.
std::string policy_qualifier(const FunctionId& id) { return id.qualifier == kLatest ? "" : id.qualifier; }

std::string revision_of(const std::string& policy) {
  const auto digest = crypto::sha256(policy);
  const std::string hex = hex_encode(crypto::bytes_of(digest));
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20, 12));
}

void require_policy_revision(const std::optional<std::string>& policy,
                             const std::optional<std::string>& revision_id) {
  if (!revision_id || (policy && revision_of(*policy) == *revision_id)) return;
  throw PreconditionFailedException(
      "The RevisionId provided does not match the latest RevisionId. Call the GetPolicy API to"
      " retrieve the latest RevisionId");
}

formats::Value principal_of(const std::string& principal) {
  if (principal == "*") return "*";
  formats::Object object;
  const bool is_account = principal.size() == 12 && parse_integer(principal).has_value();
  if (is_account) {
    object.append("AWS", "arn:aws:iam::" + principal + ":root");
  } else if (principal.starts_with("arn:")) {
    object.append("AWS", principal);
  } else {
    object.append("Service", principal);
  }
  return object;
}

std::string statement_of(const FunctionId& id, const AddPermissionRequest& request) {
  formats::Object statement;
  statement.append("Sid", request.statement_id);
  statement.append("Effect", "Allow");
  statement.append("Principal", principal_of(request.principal));
  statement.append("Action", request.action);
  statement.append("Resource", id.arn());
  formats::Object conditions;
  if (request.source_account) {
    formats::Object equals;
    equals.append("AWS:SourceAccount", *request.source_account);
    conditions.append("StringEquals", std::move(equals));
  }
  if (request.source_arn) {
    formats::Object like;
    like.append("AWS:SourceArn", *request.source_arn);
    conditions.append("ArnLike", std::move(like));
  }
  if (!conditions.empty()) statement.append("Condition", std::move(conditions));
  return formats::write_json(formats::Value(std::move(statement)));
}

}  // namespace

std::optional<std::string> find_policy(Call& call, const FunctionId& id) {
  std::string statements;
  for (const sql::Row& row :
       call.transaction.run("SELECT statement FROM lambda_permission WHERE account = ?1 AND region = ?2 AND"
                            " name = ?3 AND qualifier = ?4 ORDER BY rowid",
                            {id.account, id.region, id.name, policy_qualifier(id)})) {
    statements += (statements.empty() ? "" : ",") + row.text(0);
  }
  if (statements.empty()) return std::nullopt;
  return R"({"Version":"2012-10-17","Id":"default","Statement":[)" + statements + "]}";
}

void require_service_may_invoke(Call& call, const FunctionId& id) {
  const aws::Principal& caller = call.principal;
  const std::string resource = id.arn();
  const aws::policy::ServiceRequest request{.service = caller.id,
                                            .source_account = caller.account,
                                            .source_arn = caller.arn,
                                            .action = kInvokeAction,
                                            .resource = resource,
                                            .resource_account = id.account};
  if (aws::policy::allows_service(find_policy(call, id).value_or(""), request)) return;
  throw aws::ServiceError(
      "AccessDeniedException", 403,
      fmt::format("{} is not authorized to perform: {} on resource: {} because no resource-based"
                  " policy allows the {} action",
                  caller.id, kInvokeAction, resource, kInvokeAction));
}

// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
AddPermissionResponse add_permission(Service&, Call& call, const AddPermissionRequest& request) {
  const FunctionId id = function_id(call, request.function_name, request.qualifier);
  require_version(call, id);
  if (id.qualifier == kLatest) {
    throw InvalidParameterValueException("We currently do not support adding policies for $LATEST.");
  }
  const std::optional<std::string> before = find_policy(call, id);
  require_policy_revision(before, request.revision_id);
  const std::string statement = statement_of(id, request);
  if (call.transaction.find("SELECT 1 FROM lambda_permission WHERE account = ?1 AND region = ?2 AND"
                            " name = ?3 AND qualifier = ?4 AND sid = ?5",
                            {id.account, id.region, id.name, policy_qualifier(id), request.statement_id})) {
    throw ResourceConflictException("The statement id (" + request.statement_id +
                                    ") provided already exists. Please provide a new statement id,"
                                    " or remove the existing statement.");
  }
  call.transaction.run(
      "INSERT INTO lambda_permission (account, region, name, qualifier, sid,"
      " statement) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      {id.account, id.region, id.name, policy_qualifier(id), request.statement_id, statement});
  const std::string policy = find_policy(call, id).value();
  if (policy.size() > kPolicyBytesMax) {
    throw PolicyLengthExceededException("The final policy size (" + std::to_string(policy.size()) +
                                        ") is bigger than the limit (20480).");
  }
  auto parsed = aws::policy::parse(policy);
  const Result<void> valid = parsed ? aws::policy::validate(*parsed, aws::policy::PolicyKind::Resource)
                                    : failure(parsed.error().message);
  if (!valid) throw InvalidParameterValueException(valid.error().message);
  return {.statement = statement};
}

Nothing remove_permission(Service&, Call& call, const RemovePermissionRequest& request) {
  const FunctionId id = function_id(call, request.function_name, request.qualifier);
  require_version(call, id);
  require_policy_revision(find_policy(call, id), request.revision_id);
  call.transaction.run(
      "DELETE FROM lambda_permission WHERE account = ?1 AND region = ?2 AND"
      " name = ?3 AND qualifier = ?4 AND sid = ?5",
      {id.account, id.region, id.name, policy_qualifier(id), request.statement_id});
  if (call.transaction.changes() == 0) {
    throw ResourceNotFoundException("Statement " + request.statement_id +
                                    " is not found in resource policy.");
  }
  return {};
}

GetPolicyResponse get_policy(Service&, Call& call, const GetPolicyRequest& request) {
  const FunctionId id = function_id(call, request.function_name, request.qualifier);
  require_version(call, id);
  const std::optional<std::string> policy = find_policy(call, id);
  if (!policy) {
    throw ResourceNotFoundException("The resource you requested does not exist.");
  }
  return {.policy = *policy, .revision_id = revision_of(*policy)};
}

}  // namespace holm::lambda
