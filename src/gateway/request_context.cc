// What policies may ask about a request besides its action and resource.

#include "gateway/request_context.h"

#include <algorithm>

#include "aws/service/identity.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace holm::gateway {

namespace {

using aws::Principal;
namespace policy = aws::policy;

std::string_view principal_type(Principal::Kind kind) {
  switch (kind) {
    case Principal::Kind::Anonymous: return "Anonymous";
    case Principal::Kind::Root: return "Account";
    case Principal::Kind::User: return "User";
    case Principal::Kind::AssumedRole: return "AssumedRole";
    case Principal::Kind::Service: return "Service";
  }
  return "Anonymous";
}

std::string_view word_of(bool is_so) { return is_so ? "true" : "false"; }

// A context that takes no more than is asked for.
class Gathering final {
 public:
  explicit Gathering(const AskedKeys& asked) : asked_(asked) {}

  void set(std::string_view key, std::string_view value) {
    if (asked_.have(key)) context_.set(key, std::string(value));
  }
  void set(std::string_view key, const std::vector<std::string>& values) {
    if (asked_.have(key)) context_.set(key, values);
  }
  // Of values that take some work.
  template <class Make>
  void work_out(std::string_view key, Make make) {
    if (asked_.have(key)) context_.set(key, make());
  }
  policy::Context take() { return std::move(context_); }

 private:
  const AskedKeys& asked_;
  policy::Context context_;
};

// The caller, unless it is nobody.
void add_principal(const Principal& principal, const aws::PrincipalPolicies& own, Gathering& context) {
  context.set("aws:PrincipalAccount", principal.account);
  context.set("aws:PrincipalArn", principal.role_arn.empty() ? principal.arn : principal.role_arn);
  context.set("aws:userid", principal.id);
  if (principal.kind == Principal::Kind::User) {
    context.set("aws:username", std::string_view(principal.arn).substr(principal.arn.rfind('/') + 1));
  }
  const bool is_service = principal.kind == Principal::Kind::Service;
  context.set("aws:PrincipalIsAWSService", word_of(is_service));
  if (is_service) context.set("aws:PrincipalServiceName", principal.id);
  for (const auto& [key, value] : own.tags) context.set("aws:PrincipalTag/" + key, value);
}

}  // namespace

AskedKeys::AskedKeys(const policy::Policies& policies) {
  const auto add = [&](const policy::Policy& each) {
    if (const auto keys = policy::context_keys(each); !keys.empty()) keys_.push_back(keys);
  };
  for (const auto& some : {policies.identity, policies.resource, policies.session})
    for (const policy::NamedPolicy& each : some) add(*each.policy);
  if (policies.boundary != nullptr) add(*policies.boundary);
}

bool AskedKeys::have(std::string_view key) const {
  return std::ranges::any_of(keys_, [&](std::span<const std::string> some) {
    return std::ranges::any_of(some, [&](const std::string& each) { return equals_ignoring_case(each, key); });
  });
}

policy::Context context_of(const aws::Caller& caller, const aws::PrincipalPolicies& own,
                           const aws::Access& access, const AskedKeys& asked) {
  if (asked.empty()) return {};
  Gathering context(asked);
  // A service's own keys first: the global ones below may not be overwritten by them.
  for (const auto& [key, values] : access.context) context.set(key, values);
  context.work_out("aws:CurrentTime", [&] { return iso8601(caller.now); });
  context.work_out("aws:EpochTime", [&] { return std::to_string(to_milliseconds(caller.now) / 1000); });
  context.set("aws:SecureTransport", word_of(caller.transport == aws::Caller::Transport::Tls));
  context.set("aws:RequestedRegion", caller.region);
  context.set("aws:PrincipalType", principal_type(caller.principal.kind));
  if (!caller.source_ip.empty()) context.set("aws:SourceIp", caller.source_ip);
  if (!caller.referer.empty()) context.set("aws:Referer", caller.referer);
  if (!caller.user_agent.empty()) context.set("aws:UserAgent", caller.user_agent);
  if (caller.principal.kind != Principal::Kind::Anonymous) add_principal(caller.principal, own, context);
  return context.take();
}

}  // namespace holm::gateway
