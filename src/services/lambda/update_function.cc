// Changing functions: their code and their configuration.

#include "lambda/handlers.h"
#include "services/lambda/code.h"
#include "services/lambda/configuration.h"
#include "services/lambda/fleet.h"
#include "services/lambda/functions.h"
#include "services/lambda/packages.h"
#include "services/lambda/service.h"
#include "services/lambda/versions.h"

namespace holm::lambda {

void require_settled(const VersionRow& row) {
  const bool is_pending = row.configuration.state == state::kPending;
  if (!is_pending && row.configuration.last_update_status != last_update_status::kInProgress) return;
  throw ResourceConflictException(
      is_pending ? "The operation cannot be performed at this time. The function is currently in the"
                   " following state: Pending"
                 : "The operation cannot be performed at this time. An update is in progress for"
                   " resource: " +
                       row.configuration.function_arn.value_or(""));
}

void require_revision(const VersionRow& row, const std::optional<std::string>& revision_id) {
  if (!revision_id || revision_id == row.configuration.revision_id) return;
  throw PreconditionFailedException(
      "The Revision Id provided does not match the latest Revision Id. Call the"
      " GetFunction/GetAlias API to retrieve the latest Revision Id");
}

// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
FunctionConfiguration update_function_code(Service& service, Call& call,
                                           const UpdateFunctionCodeRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  VersionRow row = require_version(call, {id.account, id.region, id.name, ""});
  require_settled(row);
  require_revision(row, request.revision_id);
  require_architecture(request.architectures);
  const FunctionCode code{.zip_file = request.zip_file,
                          .s3_bucket = request.s3_bucket,
                          .s3_key = request.s3_key,
                          .s3_object_version = request.s3_object_version};
  if (request.dry_run.value_or(false)) {
    if (code.zip_file) {
      auto checked = check_archive(*code.zip_file);
      if (!checked) throw InvalidParameterValueException(checked.error().message);
    }
    return configuration_of(row, id);
  }
  touch(service, call, row.configuration);
  take_code(service, call, row, code);
  write_version(call, row);
  if (request.publish.value_or(false)) return publish(call, row, std::nullopt);
  return configuration_of(row, id);
}

// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
FunctionConfiguration update_function_configuration(Service& service, Call& call,
                                                    const UpdateFunctionConfigurationRequest& request) {
  const FunctionId id = function_id(call, request.function_name);
  VersionRow row = require_version(call, {id.account, id.region, id.name, ""});
  require_settled(row);
  require_revision(row, request.revision_id);
  configure(service, call, row.configuration,
            {.runtime = request.runtime,
             .role = request.role,
             .handler = request.handler,
             .description = request.description,
             .timeout = request.timeout,
             .memory_size = request.memory_size,
             .environment = request.environment,
             .tracing_config = request.tracing_config,
             .ephemeral_storage = request.ephemeral_storage,
             .snap_start = request.snap_start,
             .logging_config = request.logging_config});
  row.configuration.last_update_status = last_update_status::kSuccessful;
  write_version(call, row);
  call.after_commit([&service, id] { service.fleet().retire(id.unqualified_arn(), kLatest); });
  return configuration_of(row, id);
}

}  // namespace holm::lambda
