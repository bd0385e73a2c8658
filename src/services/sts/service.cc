// STS as a whole: what its operations need permission for.

#include "services/sts/service.h"

#include "aws/service/error.h"
#include "base/strings.h"
#include "sts/types.h"

namespace holm::sts {

namespace {

// "arn:partition:service:region:account:resource", of which the region and the account may be left out.
void require_arn(const std::string& arn) {
  const auto parts = split(arn, ':');
  const bool is_arn =
      parts.size() >= 6 && parts[0] == "arn" && !parts[1].empty() && !parts[2].empty() && !parts[5].empty();
  if (!is_arn) throw aws::ServiceError("ValidationError", 400, arn + " is invalid");
}

}  // namespace

// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html
// No permission is needed to ask who one is or for a session of one's own.
std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call&) const {
  if (operation.name == "GetAccessKeyInfo") return {{.action = "sts:GetAccessKeyInfo"}};
  if (operation.name != "AssumeRole") return {};
  const auto& request = *static_cast<const AssumeRoleRequest*>(input);
  require_arn(request.role_arn);
  aws::Access access{.action = "sts:AssumeRole",
                     .resource = request.role_arn,
                     .context = {{"sts:RoleSessionName", {request.role_session_name}}},
                     .resource_rule = aws::ResourceRule::MustAllow};
  if (request.external_id) access.context["sts:ExternalId"] = {*request.external_id};
  // A role that does not exist is answered like one that may not be assumed.
  if (std::optional<aws::RoleSummary> role = identities_.find_role(request.role_arn)) {
    access.resource_policy = role->trust_policy;
    access.resource_account = role->account;
  }
  return {access};
}

}  // namespace holm::sts
