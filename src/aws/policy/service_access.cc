// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcearn

#include "aws/policy/service_access.h"

namespace holm::aws::policy {

bool allows_service(std::string_view policy, const ServiceRequest& request) {
  const auto parsed = parse(policy);
  if (!parsed) return false;
  Context context;
  context.set("aws:SourceAccount", request.source_account);
  if (request.source_arn.starts_with("arn:")) context.set("aws:SourceArn", request.source_arn);
  const Principal principal{.kind = Principal::Kind::Service,
                            .account = request.source_account,
                            .arn = request.source_arn,
                            .id = request.service,
                            .service = request.service};
  const Request asked{principal, request.action, request.resource, request.resource_account, context};
  const NamedPolicy named{"resource policy", &*parsed};
  return evaluate(asked, {.resource = std::span(&named, 1)}).allowed();
}

}  // namespace holm::aws::policy
