// Making functions, and what their configuration may be.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html

#include <fmt/format.h>

#include "aws/service/identity.h"
#include "base/random.h"
#include "lambda/handlers.h"
#include "services/lambda/code.h"
#include "services/lambda/configuration.h"
#include "services/lambda/functions.h"
#include "services/lambda/service.h"
#include "services/lambda/versions.h"

namespace holm::lambda {

FunctionConfiguration create_function(Service& service, Call& call, const CreateFunctionRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  if (id.account != call.account || id.region != call.region || !id.qualifier.empty()) {
    throw InvalidParameterValueException("Not a name for a new function: " + request.function_name);
  }
  if (find_version(call, id)) {
    throw ResourceConflictException("Function already exist: " + id.name);
  }
  if (request.package_type.value_or("Zip") != package_type::kZip) {
    throw aws::NotImplemented("CreateFunction: PackageType " + *request.package_type);
  }
  if (!request.runtime || !request.handler) {
    throw InvalidParameterValueException(
        "Runtime and Handler are mandatory parameters for functions created with deployment"
        " packages.");
  }
  VersionRow row{.account = id.account, .region = id.region, .name = id.name, .version = kLatest};
  FunctionConfiguration& configuration = row.configuration;
  configuration.function_name = id.name;
  configuration.function_arn = id.arn();
  configuration.version = kLatest;
  configuration.package_type = package_type::kZip;
  configuration.state = state::kPending;
  configuration.state_reason = "The function is being created.";
  configuration.state_reason_code = state_reason_code::kCreating;
  configuration.last_update_status = last_update_status::kInProgress;
  configure(service, call, configuration,
            {.runtime = request.runtime,
             .role = request.role,
             .handler = request.handler,
             .description = request.description.value_or(""),
             .timeout = request.timeout.value_or(3),
             .memory_size = request.memory_size.value_or(128),
             .environment = request.environment,
             .tracing_config = request.tracing_config.value_or(TracingConfig{}),
             .ephemeral_storage = request.ephemeral_storage,
             .snap_start = request.snap_start,
             .logging_config = request.logging_config.value_or(LoggingConfig{})});
  require_architecture(request.architectures);
  call.transaction.run("INSERT INTO lambda_function (account, region, name) VALUES (?1, ?2, ?3)",
                       {id.account, id.region, id.name});
  take_code(service, call, row, request.code);
  write_version(call, row);
  write_tags(call, id, request.tags);
  if (request.publish.value_or(false)) return publish(call, row, std::nullopt);
  return configuration_of(row, id);
}

}  // namespace holm::lambda
