// What permission each operation needs.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html

#include <fmt/format.h>

#include "lambda/handlers.h"
#include "services/lambda/functions.h"
#include "services/lambda/permissions.h"
#include "services/lambda/service.h"

namespace holm::lambda {

namespace {

template <class Input>
FunctionId id_of(const void* input, const aws::Call& call) {
  const Input& request = *static_cast<const Input*>(input);
  if constexpr (requires { request.qualifier; }) {
    return function_id(call, request.function_name, request.qualifier);
  } else {
    return function_id(call, request.function_name);
  }
}

template <class Input>
FunctionId tagged_id(const void* input, const aws::Call& call) {
  return function_id(call, static_cast<const Input*>(input)->resource);
}

struct Named {
  std::string_view operation;
  FunctionId (*id)(const void* input, const aws::Call& call);
};

// Operations on one function that need no more than its permission.
constexpr Named kOnFunctions[] = {
    {"GetFunction", &id_of<GetFunctionRequest>},
    {"GetFunctionConfiguration", &id_of<GetFunctionConfigurationRequest>},
    {"DeleteFunction", &id_of<DeleteFunctionRequest>},
    {"PublishVersion", &id_of<PublishVersionRequest>},
    {"ListVersionsByFunction", &id_of<ListVersionsByFunctionRequest>},
    {"CreateAlias", &id_of<CreateAliasRequest>},
    {"GetAlias", &id_of<GetAliasRequest>},
    {"UpdateAlias", &id_of<UpdateAliasRequest>},
    {"DeleteAlias", &id_of<DeleteAliasRequest>},
    {"ListAliases", &id_of<ListAliasesRequest>},
    {"AddPermission", &id_of<AddPermissionRequest>},
    {"RemovePermission", &id_of<RemovePermissionRequest>},
    {"GetPolicy", &id_of<GetPolicyRequest>},
    {"PutFunctionConcurrency", &id_of<PutFunctionConcurrencyRequest>},
    {"GetFunctionConcurrency", &id_of<GetFunctionConcurrencyRequest>},
    {"DeleteFunctionConcurrency", &id_of<DeleteFunctionConcurrencyRequest>},
    {"PutFunctionEventInvokeConfig", &id_of<PutFunctionEventInvokeConfigRequest>},
    {"UpdateFunctionEventInvokeConfig", &id_of<UpdateFunctionEventInvokeConfigRequest>},
    {"GetFunctionEventInvokeConfig", &id_of<GetFunctionEventInvokeConfigRequest>},
    {"DeleteFunctionEventInvokeConfig", &id_of<DeleteFunctionEventInvokeConfigRequest>},
    {"ListFunctionEventInvokeConfigs", &id_of<ListFunctionEventInvokeConfigsRequest>},
    {"TagResource", &tagged_id<TagResourceRequest>},
    {"UntagResource", &tagged_id<UntagResourceRequest>},
    {"ListTags", &tagged_id<ListTagsRequest>},
};

std::optional<FunctionId> find_id(std::string_view operation, const void* input, const aws::Call& call) {
  for (const Named& each : kOnFunctions) {
    if (each.operation == operation) return each.id(input, call);
  }
  return std::nullopt;
}

void add_role(std::vector<aws::Access>& needed, const std::string& role) {
  needed.push_back({.action = "iam:PassRole",
                    .resource = role,
                    .context = {{"iam:PassedToService", {"lambda.amazonaws.com"}}}});
}

void add_object(std::vector<aws::Access>& needed, const std::optional<std::string>& bucket,
                const std::optional<std::string>& key) {
  if (!bucket || !key) return;
  needed.push_back({.action = "s3:GetObject", .resource = fmt::format("arn:aws:s3:::{}/{}", *bucket, *key)});
}

}  // namespace

std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  const std::string_view name = operation.name;
  auto on = [&](const FunctionId& id, std::string action = {}) -> std::vector<aws::Access> {
    if (action.empty()) action = name;
    return {{.action = "lambda:" + action, .resource = id.arn(), .resource_account = id.account}};
  };
  if (name == "CreateFunction") {
    auto needed = on(id_of<CreateFunctionRequest>(input, call));
    const auto& request = *static_cast<const CreateFunctionRequest*>(input);
    add_role(needed, request.role);
    add_object(needed, request.code.s3_bucket, request.code.s3_key);
    return needed;
  }
  if (name == "UpdateFunctionCode") {
    const auto& request = *static_cast<const UpdateFunctionCodeRequest*>(input);
    auto needed = on(id_of<UpdateFunctionCodeRequest>(input, call));
    add_object(needed, request.s3_bucket, request.s3_key);
    return needed;
  }
  if (name == "UpdateFunctionConfiguration") {
    const auto& request = *static_cast<const UpdateFunctionConfigurationRequest*>(input);
    auto needed = on(id_of<UpdateFunctionConfigurationRequest>(input, call));
    if (request.role) add_role(needed, *request.role);
    return needed;
  }
  if (name == "Invoke") {
    const FunctionId id = id_of<InvocationRequest>(input, call);
    // Services may do all that is theirs; whom a function lets invoke it, only it can say.
    if (call.principal.kind == aws::Principal::Kind::Service) require_service_may_invoke(call, id);
    auto needed = on(id, "InvokeFunction");
    needed.front().resource_policy = find_policy(call, id);
    return needed;
  }
  if (const auto id = find_id(name, input, call)) return on(*id);
  return aws::ServiceBase::access(operation, input, call);
}

}  // namespace holm::lambda
