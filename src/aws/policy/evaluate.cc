// Evaluates policies: what denies wins, then every kind of policy that has to allow must.

#include "aws/policy/evaluate.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/policy/document.h"
#include "base/check.h"
#include "base/strings.h"

namespace holm::aws::policy {

namespace {

// How directly a Principal element names who asks. A later one is worth more.
enum class Named {
  No,
  Account,   // Through the account, which has to agree.
  Broadly,   // As everyone, or through the role of the session: boundaries and session policies
             // still narrow.
  Directly,  // The user, the session, the service itself.
};

// "AROA…" of "AROA…:session".
std::string_view unique_id(std::string_view id) { return id.substr(0, id.find(':')); }

bool is_of_account(const Principal& principal) {
  switch (principal.kind) {
    case Principal::Kind::Root:
    case Principal::Kind::User:
    case Principal::Kind::AssumedRole:
      return true;
    case Principal::Kind::Anonymous:
    case Principal::Kind::Federated:
    case Principal::Kind::Service:
      return false;
  }
  return false;
}

Named names_account(const Principal& principal) {
  return principal.kind == Principal::Kind::Root ? Named::Directly : Named::Account;
}

Named names(const PrincipalEntry& entry, const Principal& principal) {
  using Kind = PrincipalEntry::Kind;
  const auto if_equal = [&](std::string_view mine, Named named) {
    return !mine.empty() && mine == entry.text ? named : Named::No;
  };
  switch (entry.kind) {
    case Kind::Everyone:
      return Named::Broadly;
    case Kind::Account:
      if (!is_of_account(principal)) return Named::No;
      return if_equal(principal.account, names_account(principal));
    case Kind::Arn:
      if (!is_of_account(principal)) return Named::No;
      return std::max(if_equal(principal.arn, Named::Directly),
                      if_equal(principal.role_arn, Named::Broadly));
    case Kind::UniqueId:
      if (!is_of_account(principal)) return Named::No;
      return std::max(if_equal(principal.id, Named::Directly),
                      if_equal(unique_id(principal.id), Named::Broadly));
    case Kind::Service:
      return principal.kind == Principal::Kind::Service
                 ? if_equal(principal.service, Named::Directly)
                 : Named::No;
    case Kind::Federated:
      return principal.kind == Principal::Kind::Federated
                 ? if_equal(principal.federated, Named::Directly)
                 : Named::No;
    case Kind::CanonicalUser:
      if (!is_of_account(principal)) return Named::No;
      return if_equal(principal.canonical_user, names_account(principal));
  }
  return Named::No;
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
// Excepting an account excepts its root user only; excepting a role excepts its sessions.
Named names_by_exception(const Statement& statement, const Principal& principal) {
  for (const PrincipalEntry& entry : statement.principals) {
    if (names(entry, principal) >= Named::Broadly) return Named::No;
  }
  return Named::Broadly;
}

Named names(const Statement& statement, const Principal& principal) {
  if (statement.principal_polarity == Polarity::IsNot)
    return names_by_exception(statement, principal);
  Named best = Named::No;
  for (const PrincipalEntry& entry : statement.principals)
    best = std::max(best, names(entry, principal));
  return best;
}

// A request with what every statement needs of it.
struct Subject {
  const Request& request;
  std::string action;  // Lower case.
};

bool covers_action(const Statement& statement, const Subject& subject) {
  if (!statement.action_polarity) return false;
  const bool named = std::ranges::any_of(statement.actions, [&](const std::string& pattern) {
    return matches_wildcard(pattern, subject.action);
  });
  return named == (statement.action_polarity == Polarity::Is);
}

bool covers_resource(const Statement& statement, const Request& request) {
  // Trust policies and some resources' policies are about the resource they stand at.
  if (!statement.resource_polarity) return statement.principal_polarity.has_value();
  bool named = false, unresolved = false;
  for (const Pattern& pattern : statement.resources) {
    const Match found = match(pattern, request.resource, request.context);
    named = named || found == Match::Yes;
    unresolved = unresolved || found == Match::Unresolved;
  }
  if (statement.resource_polarity == Polarity::Is) return named;
  if (unresolved) return !named && statement.effect == Effect::Deny;
  return !named;
}

bool applies(const Statement& statement, const Subject& subject) {
  return covers_action(statement, subject) && covers_resource(statement, subject.request) &&
         std::ranges::all_of(statement.conditions, [&](const Condition& condition) {
           return is_met(condition, subject.request.context, statement.effect);
         });
}

// What one policy says.
struct Verdict {
  const Statement* deny = nullptr;
  const Statement* allow = nullptr;
  Named named =
      Named::No;  // Of a resource's policy: how directly its statements that allow name who asks.
};

enum class Side { Principal, Resource };

Verdict ask(const Policy& policy, const Subject& subject, Side side) {
  Verdict verdict;
  for (const Statement& statement : policy.document().statements) {
    // A policy at the wrong place says nothing.
    if (statement.principal_polarity.has_value() != (side == Side::Resource)) continue;
    Named named = Named::No;
    if (side == Side::Resource) {
      named = names(statement, subject.request.principal);
      if (named == Named::No) continue;
    }
    if (!applies(statement, subject)) continue;
    if (statement.effect == Effect::Deny) {
      verdict.deny = &statement;
      return verdict;
    }
    if (verdict.allow == nullptr || named > verdict.named) verdict.allow = &statement;
    verdict.named = std::max(verdict.named, named);
  }
  return verdict;
}

// What all policies of one type say together.
struct Opinion {
  PolicyType type = PolicyType::None;
  const Statement* deny = nullptr;
  const Statement* allow = nullptr;
  std::string_view policy_name;  // Whose statement `deny`, else `allow`, is.
  Named named = Named::No;
};

Opinion ask_all(std::span<const NamedPolicy> policies, PolicyType type, const Subject& subject) {
  const Side side = type == PolicyType::Resource ? Side::Resource : Side::Principal;
  Opinion opinion{.type = type};
  for (const NamedPolicy& policy : policies) {
    const Verdict verdict = ask(*policy.policy, subject, side);
    if (verdict.deny != nullptr) {
      opinion.deny = verdict.deny;
      opinion.policy_name = policy.name;
      return opinion;
    }
    if (verdict.allow == nullptr || (opinion.allow != nullptr && verdict.named <= opinion.named))
      continue;
    opinion.allow = verdict.allow;
    opinion.named = verdict.named;
    opinion.policy_name = policy.name;
  }
  return opinion;
}

Decision allowed_by(const Opinion& opinion) {
  return {Decision::Kind::Allow, opinion.type, opinion.policy_name, opinion.allow->sid};
}

Decision lacking(PolicyType type) { return {Decision::Kind::ImplicitDeny, type, {}, {}}; }

struct Opinions {
  Opinion identity, resource, boundary, session;
  bool boundary_passes = true, session_passes = true;
};

// The principal's own policies have to agree with each other.
Decision decide_by_identity(const Opinions& opinions) {
  if (opinions.identity.allow == nullptr) return lacking(PolicyType::Identity);
  if (!opinions.boundary_passes) return lacking(PolicyType::Boundary);
  if (!opinions.session_passes) return lacking(PolicyType::Session);
  return allowed_by(opinions.identity);
}

Decision decide(const Request& request, const Opinions& opinions, ResourceRule rule) {
  const Principal& principal = request.principal;
  const bool from_account = is_of_account(principal);
  const bool same_account = from_account && (request.resource_account.empty() ||
                                             request.resource_account == principal.account);
  const Named named = opinions.resource.named;
  if (principal.kind == Principal::Kind::Anonymous ||
      principal.kind == Principal::Kind::Federated) {
    // They have no policies of their own.
    return named == Named::No ? lacking(PolicyType::Resource) : allowed_by(opinions.resource);
  }
  if (principal.kind == Principal::Kind::Service && named != Named::No)
    return allowed_by(opinions.resource);
  if (same_account && named == Named::Directly) return allowed_by(opinions.resource);
  if (same_account && named == Named::Broadly && opinions.boundary_passes &&
      opinions.session_passes) {
    return allowed_by(opinions.resource);
  }
  const bool is_foreign =
      !request.resource_account.empty() && request.resource_account != principal.account;
  if (named == Named::No && (is_foreign || rule == ResourceRule::MustAllow))
    return lacking(PolicyType::Resource);
  return decide_by_identity(opinions);
}

const char* type_name(PolicyType type) {
  switch (type) {
    case PolicyType::None:
    case PolicyType::Identity:
      return "identity-based policy";
    case PolicyType::Resource:
      return "resource-based policy";
    case PolicyType::Boundary:
      return "permissions boundary";
    case PolicyType::Session:
      return "session policy";
  }
  return "";
}

}  // namespace

void Context::set(std::string_view key, std::string value) {
  std::vector<std::string> values;
  values.push_back(std::move(value));
  set(key, std::move(values));
}

void Context::set(std::string_view key, std::vector<std::string> values) {
  remove(key);
  if (!values.empty()) values_.emplace_back(to_lower(key), std::move(values));
}

void Context::remove(std::string_view key) {
  std::erase_if(values_, [&](const auto& entry) { return equals_ignoring_case(entry.first, key); });
}

const std::vector<std::string>* Context::find(std::string_view lower_key) const {
  for (const auto& [key, values] : values_) {
    if (key == lower_key) return &values;
  }
  return nullptr;
}

Decision evaluate(const Request& request, const Policies& policies) {
  const Subject subject{request, to_lower(request.action)};
  const NamedPolicy boundary{{}, policies.boundary};
  const std::span<const NamedPolicy> boundaries(&boundary, policies.boundary != nullptr ? 1 : 0);
  Opinions opinions{.identity = ask_all(policies.identity, PolicyType::Identity, subject),
                    .resource = ask_all(policies.resource, PolicyType::Resource, subject),
                    .boundary = ask_all(boundaries, PolicyType::Boundary, subject),
                    .session = ask_all(policies.session, PolicyType::Session, subject)};
  for (const Opinion* opinion :
       {&opinions.identity, &opinions.resource, &opinions.boundary, &opinions.session}) {
    if (opinion->deny == nullptr) continue;
    return {Decision::Kind::ExplicitDeny, opinion->type, opinion->policy_name, opinion->deny->sid};
  }
  opinions.boundary_passes = boundaries.empty() || opinions.boundary.allow != nullptr;
  opinions.session_passes = policies.session.empty() || opinions.session.allow != nullptr;
  return decide(request, opinions, policies.resource_rule);
}

std::string describe(const Decision& decision, const Request& request) {
  CHECK(!decision.allowed());
  const std::string_view who =
      request.principal.kind == Principal::Kind::Anonymous ? "anonymous" : request.principal.arn;
  std::string text = fmt::format("User: {} is not authorized to perform: {}", who, request.action);
  if (!request.resource.empty()) text += fmt::format(" on resource: {}", request.resource);
  const char* type = type_name(decision.by);
  if (decision.kind == Decision::Kind::ExplicitDeny) {
    const char* article = decision.by == PolicyType::Identity ? "an" : "a";
    return text + fmt::format(" with an explicit deny in {} {}", article, type);
  }
  return text + fmt::format(" because no {} allows the {} action", type, request.action);
}

}  // namespace holm::aws::policy
