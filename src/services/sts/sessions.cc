// Temporary credentials, and who somebody is.

#include <fmt/format.h>

#include <algorithm>

#include "aws/policy/policy.h"
#include "base/strings.h"
#include "sts/handlers.h"
#include "services/sts/service.h"

namespace holm::sts {

namespace {

using aws::Principal;
using std::chrono::seconds;

constexpr int32_t kRoleSessionSeconds = 3600;
constexpr int32_t kUserSessionSeconds = 43'200;
constexpr int32_t kChainedSessionSecondsMax = 3600;
constexpr size_t kSessionPolicySizeMax = 2048;

[[noreturn]] void refuse_value(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

Credentials to_credentials(const aws::TemporaryCredentials& issued) {
  return {.access_key_id = issued.key.access_key_id,
          .secret_access_key = issued.key.secret_access_key,
          .session_token = issued.session_token,
          .expiration = issued.expiration};
}

aws::TemporaryCredentials require_issued(Result<aws::TemporaryCredentials> issued) {
  if (!issued) throw aws::AccessDenied(issued.error().message);
  return std::move(*issued);
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html#API_AssumeRole_RequestParameters
void require_duration(const Call& call, const aws::RoleSummary& role, int32_t duration) {
  if (call.principal.kind == Principal::Kind::AssumedRole && duration > kChainedSessionSecondsMax) {
    refuse_value(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
  }
  if (seconds(duration) > role.max_session_duration) {
    refuse_value("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  }
}

void require_session_policy(const std::string& document) {
  auto parsed = aws::policy::parse(document);
  if (!parsed) throw MalformedPolicyDocumentException(parsed.error().message);
  auto valid = aws::policy::validate(*parsed, aws::policy::PolicyKind::Identity);
  if (!valid) throw MalformedPolicyDocumentException(valid.error().message);
}

// How much of the room for session policies is used, as AWS says it: in per cent.
int32_t packed_size(const AssumeRoleRequest& request) {
  size_t size = aws::policy::counted_characters(request.policy.value_or(""));
  for (const PolicyDescriptorType& policy : request.policy_arns) size += policy.arn.value_or("").size();
  return static_cast<int32_t>((size * 100 + kSessionPolicySizeMax - 1) / kSessionPolicySizeMax);
}

}  // namespace

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
// The trust policy and the caller's own policies have been asked by now (Service::access).
AssumeRoleResponse assume_role(Service& service, Call& call, const AssumeRoleRequest& request) {
  if (call.principal.kind == Principal::Kind::Root) {
    throw aws::AccessDenied("Roles may not be assumed by root accounts.");
  }
  std::optional<aws::RoleSummary> role = service.identities().find_role(request.role_arn);
  if (!role) {
    throw aws::AccessDenied(fmt::format("User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                                        call.principal.arn, request.role_arn));
  }
  int32_t duration = request.duration_seconds.value_or(kRoleSessionSeconds);
  require_duration(call, *role, duration);
  if (request.policy) require_session_policy(*request.policy);
  aws::SessionRequest session{.role_arn = role->arn,
                              .session_name = request.role_session_name,
                              .duration = seconds(duration),
                              .session_policy = request.policy.value_or("")};
  for (const PolicyDescriptorType& policy : request.policy_arns) {
    session.session_policy_arns.push_back(policy.arn.value_or(""));
  }
  bool is_narrowed = request.policy || !request.policy_arns.empty();
  int32_t packed = is_narrowed ? packed_size(request) : 0;
  if (packed > 100) {
    throw PackedPolicyTooLargeException(fmt::format("Packed policy consumes {}% of allotted space.", packed));
  }
  aws::TemporaryCredentials issued = require_issued(service.identities().issue_session(session));
  AssumeRoleResponse response{
      .credentials = to_credentials(issued),
      .assumed_role_user = AssumedRoleUser{
          .assumed_role_id = role->id + ":" + request.role_session_name,
          .arn = fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", role->account, role->name,
                             request.role_session_name)}};
  if (is_narrowed) response.packed_policy_size = packed;
  return response;
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
GetCallerIdentityResponse get_caller_identity(Service&, Call& call, const GetCallerIdentityRequest&) {
  return {.user_id = call.principal.id, .account = call.principal.account, .arn = call.principal.arn};
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
GetSessionTokenResponse get_session_token(Service& service, Call& call, const GetSessionTokenRequest& request) {
  bool is_long_lived = call.principal.access_key_id.starts_with("AKIA");
  if (call.principal.kind != Principal::Kind::User || !is_long_lived) {
    throw aws::AccessDenied("Cannot call GetSessionToken with session credentials");
  }
  aws::SessionRequest session{.user = call.principal,
                              .duration = seconds(request.duration_seconds.value_or(kUserSessionSeconds))};
  return {.credentials = to_credentials(require_issued(service.identities().issue_session(session)))};
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
// The account stands in the key's id; whether the key exists is not said.
GetAccessKeyInfoResponse get_access_key_info(Service& service, Call&, const GetAccessKeyInfoRequest& request) {
  std::optional<std::string> account = service.identities().account_of(request.access_key_id);
  if (!account) refuse_value("The access key ID is not valid.");
  return {.account = account};
}

}  // namespace holm::sts
