// What of a function can be configured, and what values are possible.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/lambda/functions.h"

namespace holm::lambda {

// What is to change; the rest stays.
struct ConfigurationChange {
  std::optional<std::string> runtime;
  std::optional<std::string> role;
  std::optional<std::string> handler;
  std::optional<std::string> description;
  std::optional<int32_t> timeout;
  std::optional<int32_t> memory_size;
  std::optional<Environment> environment;
  std::optional<TracingConfig> tracing_config;
  std::optional<EphemeralStorage> ephemeral_storage;
  std::optional<SnapStart> snap_start;
  std::optional<LoggingConfig> logging_config;
};

// Changes `configuration`, with a new revision and time. Throws AWS's error for what is wrong and
// NotImplemented for what is not built.
void configure(Service& service, Call& call, FunctionConfiguration& configuration,
               const ConfigurationChange& change);

void require_architecture(const std::vector<std::string>& architectures);

// A new RevisionId and LastModified.
void touch(Service& service, Call& call, FunctionConfiguration& configuration);

}  // namespace holm::lambda
