// From a call and the permissions it needs to a decision.

#include "gateway/authorise.h"

#include <algorithm>

#include "aws/policy/evaluate.h"
#include "aws/policy/policy.h"
#include "aws/service/error.h"
#include "aws/service/identity.h"
#include "gateway/policy_memory.h"
#include "gateway/request_context.h"

namespace holm::gateway {

namespace {

using aws::Principal;
namespace policy = aws::policy;

policy::Principal to_policy(const Principal& principal) {
  policy::Principal result{
      .account = principal.account, .arn = principal.arn, .id = principal.id, .role_arn = principal.role_arn};
  switch (principal.kind) {
    case Principal::Kind::Anonymous: result.kind = policy::Principal::Kind::Anonymous; break;
    case Principal::Kind::Root: result.kind = policy::Principal::Kind::Root; break;
    case Principal::Kind::User: result.kind = policy::Principal::Kind::User; break;
    case Principal::Kind::AssumedRole: result.kind = policy::Principal::Kind::AssumedRole; break;
    case Principal::Kind::Service:
      result.kind = policy::Principal::Kind::Service;
      result.service = principal.id;
      break;
  }
  return result;
}

// Each protocol has its own word for it.
std::string_view denial_code(const aws::ServiceModel& model, const aws::Operation& operation) {
  // Unless the service's model has an error of its own for it.
  auto own = std::ranges::find(operation.errors, "AuthorizationError", &aws::ErrorModel::code);
  if (own != operation.errors.end()) return own->code;
  for (aws::Protocol protocol : model.protocols) {
    switch (protocol) {
      case aws::Protocol::Ec2: return "UnauthorizedOperation";
      case aws::Protocol::Query:
      case aws::Protocol::RestXml: return "AccessDenied";
      case aws::Protocol::Json10:
      case aws::Protocol::Json11:
      case aws::Protocol::RestJson: return "AccessDeniedException";
      case aws::Protocol::RpcV2Cbor: continue;
    }
  }
  return "AccessDeniedException";
}

std::vector<policy::NamedPolicy> named(const std::vector<aws::PrincipalPolicy>& policies) {
  std::vector<policy::NamedPolicy> result;
  result.reserve(policies.size());
  for (const aws::PrincipalPolicy& each : policies) result.push_back({each.name, each.compiled.get()});
  return result;
}

// Resources' policies that are made or kept as JSON, parsed.
class ResourcePolicies {
 public:
  ResourcePolicies(PolicyMemory& memory, const aws::Access& access) {
    add(memory, "resource policy", access.resource_policy);
    add(memory, "access control list", access.resource_list);
    for (size_t i = 0; i < parsed_.size(); ++i) named_.push_back({names_[i], &parsed_[i]});
  }
  std::span<const policy::NamedPolicy> named() const { return named_; }
  // One that cannot be read may hold a Deny, so it lets nobody in.
  bool are_readable() const { return are_readable_; }

 private:
  void add(PolicyMemory& memory, std::string_view name, const std::optional<std::string>& document) {
    if (!document) return;
    auto parsed = memory.parse(*document);
    if (!parsed) {
      are_readable_ = false;
      return;
    }
    parsed_.push_back(std::move(*parsed));
    names_.push_back(name);
  }

  std::vector<policy::Policy> parsed_;
  std::vector<std::string_view> names_;
  std::vector<policy::NamedPolicy> named_;
  bool are_readable_ = true;
};

// The sentence that says why not; empty when it is allowed.
std::string denial_of(PolicyMemory& memory, const aws::Caller& caller, const aws::PrincipalPolicies& own,
                      const aws::Access& access) {
  const policy::Principal principal = to_policy(caller.principal);
  const std::vector<policy::NamedPolicy> identity = named(own.identity);
  const ResourcePolicies resource(memory, access);
  if (!resource.are_readable()) return "The resource's policy is unreadable.";
  std::vector<policy::NamedPolicy> session;
  if (own.session) session.push_back({own.session->name, own.session->compiled.get()});
  const policy::Policies policies{.identity = identity,
                                  .resource = resource.named(),
                                  .boundary = own.boundary ? own.boundary->compiled.get() : nullptr,
                                  .session = session,
                                  .resource_rule = access.resource_rule == aws::ResourceRule::MustAllow
                                                       ? policy::ResourceRule::MustAllow
                                                       : policy::ResourceRule::MayAllow};
  const policy::Context context = context_of(caller, own, access, AskedKeys(policies));
  const policy::Request request{principal, access.action, access.resource, access.resource_account, context};
  const policy::Decision decision = policy::evaluate(request, policies);
  return decision.allowed() ? std::string() : policy::describe(decision, request);
}

}  // namespace

std::set<size_t> authorise(Deciders deciders, const aws::Caller& caller, const aws::Operation& operation,
                           const std::vector<aws::Access>& needed) {
  std::set<size_t> denied;
  if (needed.empty()) return denied;
  const std::shared_ptr<const aws::PrincipalPolicies> own = deciders.identities.policies_of(caller.principal);
  for (size_t i = 0; i < needed.size(); ++i) {
    const std::string why = denial_of(deciders.memory, caller, *own, needed[i]);
    if (why.empty()) continue;
    if (needed[i].on_denial == aws::OnDenial::Refuse)
      throw aws::ServiceError(denial_code(*operation.model, operation), 403, why);
    denied.insert(i);
  }
  return denied;
}

bool is_allowed(Deciders deciders, const aws::Caller& caller, const aws::Access& access) {
  const std::shared_ptr<const aws::PrincipalPolicies> own = deciders.identities.policies_of(caller.principal);
  return denial_of(deciders.memory, caller, *own, access).empty();
}

}  // namespace holm::gateway
