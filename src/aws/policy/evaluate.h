// Whether policies let a principal do something.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/policy/policy.h"

namespace holm::aws::policy {

// Who asks. Views outlive the evaluation.
struct Principal {
  enum class Kind { Anonymous, Root, User, AssumedRole, Federated, Service };
  Kind kind = Kind::Anonymous;
  std::string_view account;    // 12 digits; empty if anonymous.
  std::string_view arn;        // As aws:PrincipalArn's owner: user, root or assumed-role session.
  std::string_view id;         // AIDA…, AROA…:session
  std::string_view role_arn;   // Of an assumed role.
  std::string_view service;    // "sns.amazonaws.com", of Kind::Service.
  std::string_view federated;  // The provider's ARN or name, of Kind::Federated.
  std::string_view canonical_user;  // S3's 64 digits, if there is one.
};

// The values of condition keys. Names ignore case. Built from what the server knows, never from
// what a client says about itself. A key with no values is as one that is absent.
class Context final {
 public:
  void set(std::string_view key, std::string value);
  void set(std::string_view key, std::vector<std::string> values);
  void remove(std::string_view key);
  // `lower_key` is in lower case. Null when absent.
  const std::vector<std::string>* find(std::string_view lower_key) const;

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> values_;
};

struct Request {
  const Principal& principal;
  std::string_view action;            // "s3:GetObject"
  std::string_view resource;          // An ARN, or "*" for actions that have none.
  std::string_view resource_account;  // Whose the resource is; empty: the principal's own.
  const Context& context;
};

struct NamedPolicy {
  std::string_view name;
  const Policy* policy;
};

// How much a resource's policy has to say.
enum class ResourceRule {
  MayAllow,   // Within an account either side's word suffices. Most services.
  MustAllow,  // The resource's policy has to allow in every case: trust policies, KMS keys.
};

struct Policies {
  std::span<const NamedPolicy> identity;
  std::span<const NamedPolicy> resource;
  const Policy* boundary = nullptr;
  // A request passes when one of them allows it. Empty: not narrowed.
  std::span<const NamedPolicy> session;
  ResourceRule resource_rule = ResourceRule::MayAllow;
};

enum class PolicyType { None, Identity, Resource, Boundary, Session };

struct Decision {
  enum class Kind { Allow, ExplicitDeny, ImplicitDeny };
  Kind kind = Kind::ImplicitDeny;
  // Of an explicit deny: where it stands. Of an implicit one: which kind of policy should have
  // allowed it.
  PolicyType by = PolicyType::None;
  std::string_view policy_name;  // As given.
  std::string_view sid;          // Of the statement that decided; lives as long as its policy.

  bool allowed() const { return kind == Kind::Allow; }
};

// Takes microseconds; any thread.
Decision evaluate(const Request& request, const Policies& policies);

// "User: arn:… is not authorized to perform: s3:GetObject on resource: arn:… because no
// identity-based policy allows the s3:GetObject action". For decisions that do not allow.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
std::string describe(const Decision& decision, const Request& request);

}  // namespace holm::aws::policy
