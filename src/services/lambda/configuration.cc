// Checking and changing a function's configuration.

#include "services/lambda/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/service/identity.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "lambda/errors.h"
#include "services/lambda/service.h"

namespace holm::lambda {

namespace {

constexpr std::array<std::string_view, 3> kRuntimes = {"python3.11", "provided.al2", "provided.al2023"};
constexpr int32_t kMemoryMax = 10240;
constexpr int32_t kTimeoutMax = 900;
constexpr size_t kEnvironmentBytesMax = 4096;
constexpr std::chrono::minutes kTrialLife{15};
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
constexpr std::array<std::string_view, 19> kReserved = {"_HANDLER",
                                                        "_X_AMZN_TRACE_ID",
                                                        "AWS_DEFAULT_REGION",
                                                        "AWS_REGION",
                                                        "AWS_EXECUTION_ENV",
                                                        "AWS_LAMBDA_FUNCTION_NAME",
                                                        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                                        "AWS_LAMBDA_FUNCTION_VERSION",
                                                        "AWS_LAMBDA_INITIALIZATION_TYPE",
                                                        "AWS_LAMBDA_LOG_GROUP_NAME",
                                                        "AWS_LAMBDA_LOG_STREAM_NAME",
                                                        "AWS_ACCESS_KEY",
                                                        "AWS_ACCESS_KEY_ID",
                                                        "AWS_SECRET_ACCESS_KEY",
                                                        "AWS_SESSION_TOKEN",
                                                        "AWS_SECURITY_TOKEN",
                                                        "AWS_LAMBDA_RUNTIME_API",
                                                        "LAMBDA_TASK_ROOT",
                                                        "LAMBDA_RUNTIME_DIR"};

[[noreturn]] void throw_too_large(std::string_view member, int32_t value, int32_t maximum) {
  throw aws::ServiceError(
      "ValidationException", 400,
      fmt::format("1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: "
                  "Member must have value less than or equal to {}",
                  value, member, maximum));
}

void check_runtime(const std::string& runtime) {
  if (std::ranges::find(kRuntimes, runtime) != kRuntimes.end()) return;
  throw InvalidParameterValueException(
      fmt::format("Value {} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
                  "[{}] or be a valid ARN",
                  runtime, fmt::join(kRuntimes, ", ")));
}

void check_environment(const std::map<std::string, std::string>& variables) {
  size_t bytes = 0;
  std::vector<std::string> reserved;
  for (const auto& [name, value] : variables) {
    bytes += name.size() + value.size();
    if (std::ranges::find(kReserved, name) != kReserved.end()) reserved.push_back(name);
    if (value.find('\0') != std::string::npos) {
      throw InvalidParameterValueException("Environment variables cannot contain null bytes.");
    }
  }
  if (!reserved.empty()) {
    throw InvalidParameterValueException(
        "Lambda was unable to configure your environment variables because the environment"
        " variables you have provided contains reserved keys that are currently not supported for"
        " modification. Reserved keys used in this request: " +
        join(reserved, ", "));
  }
  if (bytes > kEnvironmentBytesMax) {
    throw InvalidParameterValueException(
        "Lambda was unable to configure your environment variables because the environment"
        " variables you have provided exceeded the 4KB limit.");
  }
}

// Lambda has to be able to be the role, which only asking IAM tells.
void check_role(Service& service, const std::string& role, const std::string& name) {
  auto credentials =
      service.use().identities.issue_role_credentials(role, "lambda.amazonaws.com", name, kTrialLife);
  if (credentials) return;
  throw InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.");
}

void set_logging(FunctionConfiguration& configuration, const LoggingConfig& wanted) {
  if (wanted.log_format.value_or("Text") != log_format::kText) {
    throw aws::NotImplemented("LoggingConfig: LogFormat " + *wanted.log_format);
  }
  configuration.logging_config =
      LoggingConfig{.log_format = std::string(log_format::kText),
                    .log_group = wanted.log_group.value_or("/aws/lambda/" + *configuration.function_name)};
}

void refuse_unbuilt(const ConfigurationChange& change) {
  if (change.tracing_config &&
      change.tracing_config->mode.value_or("PassThrough") != tracing_mode::kPassThrough) {
    throw aws::NotImplemented("TracingConfig: Mode Active");
  }
  if (change.snap_start && change.snap_start->apply_on.value_or("None") != snap_start_apply_on::kNone) {
    throw aws::NotImplemented("SnapStart");
  }
}

}  // namespace

void require_architecture(const std::vector<std::string>& architectures) {
  for (const std::string& each : architectures) {
    if (each != architecture::kX8664) throw aws::NotImplemented("Architectures: " + each);
  }
}

void touch(Service& service, Call& call, FunctionConfiguration& configuration) {
  configuration.revision_id = service.use().random.uuid();
  // 2026-11-21T03:20:00.000+0000
  std::string time = iso8601_milliseconds(call.now);
  time.pop_back();
  configuration.last_modified = time + "+0000";
}

void configure(Service& service, Call& call, FunctionConfiguration& configuration,
               const ConfigurationChange& change) {
  refuse_unbuilt(change);
  if (change.runtime) check_runtime(*change.runtime);
  if (change.timeout.value_or(1) > kTimeoutMax) throw_too_large("timeout", *change.timeout, kTimeoutMax);
  if (change.memory_size.value_or(128) > kMemoryMax) {
    throw_too_large("memorySize", *change.memory_size, kMemoryMax);
  }
  if (change.environment) check_environment(change.environment->variables);
  if (change.role) check_role(service, *change.role, *configuration.function_name);

  if (change.runtime) configuration.runtime = change.runtime;
  if (change.role) configuration.role = change.role;
  if (change.handler) configuration.handler = change.handler;
  if (change.description) configuration.description = change.description;
  if (change.timeout) configuration.timeout = change.timeout;
  if (change.memory_size) configuration.memory_size = change.memory_size;
  if (change.logging_config) set_logging(configuration, *change.logging_config);
  if (change.environment) {
    configuration.environment.reset();
    if (!change.environment->variables.empty()) {
      configuration.environment = EnvironmentResponse{.variables = change.environment->variables};
    }
  }
  configuration.tracing_config = TracingConfigResponse{.mode = std::string(tracing_mode::kPassThrough)};
  configuration.architectures = {std::string(architecture::kX8664)};
  if (change.ephemeral_storage) configuration.ephemeral_storage = change.ephemeral_storage;
  if (!configuration.ephemeral_storage) configuration.ephemeral_storage = EphemeralStorage{.size = 512};
  configuration.snap_start =
      SnapStartResponse{.apply_on = std::string(snap_start_apply_on::kNone),
                        .optimization_status = std::string(snap_start_optimization_status::kOff)};
  touch(service, call, configuration);
}

}  // namespace holm::lambda
