// What every service is to the rest of the region.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aws/service/call.h"
#include "aws/service/operation.h"

namespace holm::aws {

// How much the resource's own policy has to say.
enum class ResourceRule {
  MayAllow,   // Within an account its word or the caller's policies suffice. Most services.
  MustAllow,  // It has to allow in every case: trust policies of roles, policies of KMS keys.
};

// What a missing permission means.
enum class OnDenial {
  Refuse,  // The request is refused.
  Tell,    // The handler finds it in Call::denied: one of many objects in a request.
};

// One permission that a request needs.
struct Access {
  std::string action;          // "s3:GetObject"
  std::string resource = "*";  // An ARN, or "*" where the action knows no resource.
  std::map<std::string, std::vector<std::string>> context;  // Condition keys of the service ("s3:prefix").
  std::optional<std::string> resource_policy;  // JSON of the resource's own policy, if it has one.
  std::string resource_account;                // Who owns the resource; empty: the caller's account.
  // A second policy of the resource: what S3's access control lists grant, or what the bucket's policy denies.
  std::optional<std::string> resource_list;
  ResourceRule resource_rule = ResourceRule::MayAllow;
  OnDenial on_denial = OnDenial::Refuse;
};

// The base of each service's `class Service final`. One instance serves all accounts and regions.
class ServiceBase {
 public:
  virtual ~ServiceBase() = default;

  // What `operation` on `input` needs. By default "<prefix>:<operation>" on "*".
  virtual std::vector<Access> access(const Operation& operation, const void* input, Call& call) const;

  // Once, when every service exists and before the first request: register jobs, adopt what runs.
  virtual void start() {}
  // Once, before the daemon ends. What runs for users (sandboxes) goes on.
  virtual void stop() {}
};

}  // namespace holm::aws
