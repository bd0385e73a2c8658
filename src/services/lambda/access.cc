// What permission each operation needs.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html

#include <fmt/format.h>

#include "lambda/handlers.h"
#include "services/lambda/functions.h"
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
    needed.push_back({.action = "iam:PassRole",
                      .resource = static_cast<const CreateFunctionRequest*>(input)->role,
                      .context = {{"iam:PassedToService", {"lambda.amazonaws.com"}}}});
    return needed;
  }
  if (name == "GetFunction") return on(id_of<GetFunctionRequest>(input, call));
  if (name == "GetFunctionConfiguration") return on(id_of<GetFunctionConfigurationRequest>(input, call));
  if (name == "DeleteFunction") return on(id_of<DeleteFunctionRequest>(input, call));
  if (name == "Invoke") return on(id_of<InvocationRequest>(input, call), "InvokeFunction");
  return aws::ServiceBase::access(operation, input, call);
}

}  // namespace holm::lambda
