// HealthChecks: asks each target at its interval whether it is well.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/reactor.h"
#include "dataplane/balancer/functions.h"
#include "dataplane/balancer/routing.h"
#include "dataplane/balancer/upstream.h"

namespace holm::balancer {

// A target's health has changed, or the reason for it.
struct HealthChange {
  std::string group_arn;
  std::string target_id;
  uint16_t port = 0;
  Health health = Health::Initial;
  // AWS's: "Target.Timeout" and "Request timed out"; empty when healthy.
  std::string reason;
  std::string description;
};

// Called on a reactor's thread; does not block.
using HealthListener = std::function<void(const HealthChange&)>;
// The same, for a target that was well and is so no more.
using FailureListener = std::function<void(std::shared_ptr<const TargetState>)>;

// One target as it is checked.
struct CheckedTarget {
  std::string group_arn;
  std::string target_id;
  uint16_t port = 0;  // Of traffic.
  Route route;        // To the port that is checked.
  HealthCheck settings;
  std::shared_ptr<TargetState> state;
  std::optional<EventHeaders> functions;  // As of its group, and the next.
  ProxyProtocol proxy_protocol = ProxyProtocol::None;
};

// Lives on one reactor's thread.
class HealthChecks final {
 public:
  HealthChecks(async::Reactor& reactor, HealthListener listener, FailureListener failures,
               FunctionCaller functions);
  ~HealthChecks();
  HealthChecks(const HealthChecks&) = delete;
  HealthChecks& operator=(const HealthChecks&) = delete;

  // Those that are new are checked at once; those that are as they were go on.
  void replace(std::vector<CheckedTarget> targets);

 private:
  class Checker;
  async::Reactor& reactor_;
  HealthListener listener_;
  FailureListener failures_;
  FunctionCaller functions_;
  std::map<std::string, std::unique_ptr<Checker>> checkers_;
};

}  // namespace holm::balancer
