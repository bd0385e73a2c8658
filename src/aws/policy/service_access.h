// Whether a resource lets one of AWS's services do something, which its own policy alone can say.
#pragma once

#include <string>
#include <string_view>

#include "aws/policy/evaluate.h"

namespace holm::aws::policy {

struct ServiceRequest {
  std::string service;           // "sns.amazonaws.com"
  std::string source_account;    // For whom it acts.
  std::string source_arn;        // On whose behalf: a topic, a bucket; empty: unknown.
  std::string_view action;
  std::string_view resource;
  std::string_view resource_account;
};

// `policy` is JSON; one that is none, or empty, allows nothing.
bool allows_service(std::string_view policy, const ServiceRequest& request);

}  // namespace holm::aws::policy
