// Service-linked roles: roles that a service of AWS defines and uses.

#include <fmt/format.h>

#include <algorithm>

#include "base/time_format.h"
#include "iam/handlers.h"
#include "services/iam/roles.h"
#include "services/iam/service.h"

namespace holm::iam {

namespace {

struct LinkedService {
  std::string_view host;
  std::string_view role;
};

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
constexpr LinkedService kLinkedServices[] = {
    {"autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling"},
    {"ecs.amazonaws.com", "AWSServiceRoleForECS"},
    {"elasticache.amazonaws.com", "AWSServiceRoleForElastiCache"},
    {"elasticbeanstalk.amazonaws.com", "AWSServiceRoleForElasticBeanstalk"},
    {"elasticloadbalancing.amazonaws.com", "AWSServiceRoleForElasticLoadBalancing"},
    {"ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway"},
    {"rds.amazonaws.com", "AWSServiceRoleForRDS"},
    {"spot.amazonaws.com", "AWSServiceRoleForEC2Spot"},
};

constexpr int32_t kSessionSeconds = 3600;

}  // namespace

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
CreateServiceLinkedRoleResponse create_service_linked_role(Service& service, Call& call,
                                                           const CreateServiceLinkedRoleRequest& request) {
  auto linked = std::ranges::find(kLinkedServices, request.aws_service_name, &LinkedService::host);
  if (linked == std::end(kLinkedServices)) {
    throw InvalidInputException(fmt::format("{} is not a service that holm has a service-linked role for.",
                                            request.aws_service_name));
  }
  if (request.custom_suffix && linked->host != "autoscaling.amazonaws.com") {
    throw InvalidInputException("Custom suffix is not allowed for " + request.aws_service_name);
  }
  std::string name(linked->role);
  if (request.custom_suffix) name += "_" + *request.custom_suffix;
  if (find_entity(call.transaction, call.account, EntityKind::Role, name)) {
    throw InvalidInputException(fmt::format(
        "Service role name {} has been taken in this account, please try a different suffix.", name));
  }
  Entity role{.kind = EntityKind::Role,
              .name = name,
              .path = fmt::format("/aws-service-role/{}/", linked->host),
              .description = request.description,
              .trust_policy = fmt::format(
                  R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{}"}},)"
                  R"("Action":"sts:AssumeRole"}}]}})",
                  linked->host),
              .max_session_duration = kSessionSeconds};
  insert_entity(service, call, role);
  service.changed(call);
  return {.role = to_role(call.transaction, role, Detail::Full)};
}

// On AWS this takes a while; here it is done when the answer is.
DeleteServiceLinkedRoleResponse delete_service_linked_role(Service& service, Call& call,
                                                           const DeleteServiceLinkedRoleRequest& request) {
  Entity role = require_entity(call, EntityKind::Role, request.role_name);
  if (!is_service_linked(role)) throw InvalidInputException(role.name + " is not a service-linked role.");
  std::string id = fmt::format("task{}{}/{}", role.path, role.name, service.random().uuid());
  call.transaction.run("INSERT INTO iam_deletion (id, account, created) VALUES (?1, ?2, ?3)",
                       {id, call.account, to_milliseconds(call.now)});
  delete_entity(call, role);
  service.changed(call);
  return {.deletion_task_id = id};
}

GetServiceLinkedRoleDeletionStatusResponse get_service_linked_role_deletion_status(
    Service&, Call& call, const GetServiceLinkedRoleDeletionStatusRequest& request) {
  if (!call.transaction.find("SELECT 1 FROM iam_deletion WHERE id = ?1 AND account = ?2",
                             {request.deletion_task_id, call.account})) {
    throw NoSuchEntityException(fmt::format("Deletion task {} was not found.", request.deletion_task_id));
  }
  return {.status = std::string(deletion_task_status_type::kSucceeded)};
}

}  // namespace holm::iam
