// Whose an access key is and what they may do: what the gateway, STS, EC2 and Lambda ask of IAM.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "base/clock.h"
#include "base/result.h"

namespace holm::aws {

namespace policy {
class Policy;
}

// A long-lived key. The secret is never logged.
struct AccessKey {
  std::string access_key_id;
  std::string secret_access_key;
};

struct TemporaryCredentials {
  AccessKey key;  // ASIA…
  std::string session_token;
  Time expiration{};
};

// What a key that may sign requests stands for.
struct Credentials {
  std::string secret_access_key;
  Principal principal;
  // Of temporary credentials only; the condition key aws:TokenIssueTime.
  std::optional<Time> issued_at;
  std::optional<Time> expires_at;
};

// Why a key may not sign. The gateway gives it the service's words: InvalidClientTokenId (S3:
// InvalidAccessKeyId), InvalidToken, ExpiredToken.
enum class CredentialProblem {
  UnknownKey,    // No such key, or it is inactive, or its user is gone.
  InvalidToken,  // The session token is missing, forged, superfluous or not of this key.
  ExpiredToken,
};

// One policy document that speaks about a principal.
struct PrincipalPolicy {
  std::string name;                                // An ARN, or the name of an inline policy.
  std::string document;                            // JSON
  std::shared_ptr<const policy::Policy> compiled;  // The same, parsed (aws/policy). Never null.
};

// Everything that decides what a principal may do, apart from the policies of resources. A request
// is allowed when one of `identity` allows it, and so do `boundary` and one of `session` where they
// exist, and nothing denies.
struct PrincipalPolicies {
  std::vector<PrincipalPolicy> identity;
  std::optional<PrincipalPolicy> boundary;
  std::optional<PrincipalPolicy> session;
  std::map<std::string, std::string> tags;  // aws:PrincipalTag/…, of the user or role.
};

// A role as those that hand out its credentials need it.
struct RoleSummary {
  std::string account;
  std::string name;
  std::string arn;  // arn:aws:iam::1:role/path/name
  std::string id;   // AROA…
  std::string trust_policy;
  std::chrono::seconds max_session_duration{};
};

// What credentials are asked for. The caller has made sure that they may be given.
struct SessionRequest {
  std::string role_arn;       // Empty: for `user` itself (GetSessionToken).
  Principal user;             // Only without a role.
  std::string session_name;   // [\w+=,.@-]{2,64}
  std::chrono::seconds duration{};
  std::string session_policy;                    // JSON, or empty.
  std::vector<std::string> session_policy_arns;  // Managed policies that narrow the session too.
};

// Aliases by the numbers of accounts; empty where there is none.
using Accounts = std::map<std::string, std::string>;

// Implemented by the IAM service. Any thread; opens its own short read transactions, so what a
// caller's open transaction has written is not seen. Answers come from memory until a commit of
// IAM's changes them.
class IdentityProvider {
 public:
  virtual ~IdentityProvider() = default;

  // `session_token` is empty for long-lived keys.
  virtual Result<std::shared_ptr<const Credentials>, CredentialProblem> find_credentials(
      std::string_view access_key_id, std::string_view session_token) = 0;

  // Never null. The root user and services have one policy that allows everything; whoever is
  // deleted meanwhile, and the anonymous, have none.
  virtual std::shared_ptr<const PrincipalPolicies> policies_of(const Principal& principal) = 0;

  // Makes `account` with the user "administrator", who may do everything, unless the account
  // exists. Gives that user's oldest active key; nothing when it was deleted.
  virtual std::optional<AccessKey> bootstrap(const std::string& account) = 0;

  virtual std::optional<RoleSummary> find_role(std::string_view role_arn) = 0;

  // The account that the id of a key was made for, whether the key exists or not.
  virtual std::optional<std::string> account_of(std::string_view access_key_id) const = 0;

  // Every account there is, with its alias or nothing. Never null.
  virtual std::shared_ptr<const Accounts> accounts() = 0;

  // Credentials of `request`, without any check of rights (STS has made them). Fails in words when
  // the role or user does not exist.
  virtual Result<TemporaryCredentials> issue_session(const SessionRequest& request) = 0;

  // Credentials for what `service` ("ec2.amazonaws.com", "lambda.amazonaws.com") runs. Fails in
  // words when the role does not exist or its trust policy does not let the service assume it.
  virtual Result<TemporaryCredentials> issue_role_credentials(std::string_view role_arn,
                                                              std::string_view service,
                                                              std::string_view session_name,
                                                              std::chrono::seconds duration) = 0;
};

}  // namespace holm::aws
