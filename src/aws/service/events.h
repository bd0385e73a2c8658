// What happened inside the region that other services care about: an instance changed state, a target group
// was changed, a role was deleted. Publishers do not know who listens.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "aws/service/call.h"

namespace holm::aws {

// An event is about one resource of one account and region.
struct Event {
  std::string type;  // "ec2.instance-state", "elbv2.target-health" …: the publishing service, then what.
  std::string account;
  std::string region;
  std::string resource;  // The resource's id or ARN.
  std::string detail;    // The new state, say; what it holds is the type's affair.
};

// Subscribed to while services are built or started, read-only afterwards. Any thread may publish.
class Events final {
 public:
  using Listener = std::function<void(sql::Transaction&, const Event&)>;

  void subscribe(std::string type, Listener listener) {
    listeners_[std::move(type)].push_back(std::move(listener));
  }

  bool has_listener(const std::string& type) const { return listeners_.contains(type); }

  // Calls the listeners at once, inside the publisher's transaction: what they write (usually a job) is
  // durable exactly when the change is. Listeners do nothing slow.
  void publish(sql::Transaction& transaction, const Event& event) const {
    auto found = listeners_.find(event.type);
    if (found == listeners_.end()) return;
    for (const Listener& listener : found->second) listener(transaction, event);
  }

 private:
  std::map<std::string, std::vector<Listener>> listeners_;
};

}  // namespace holm::aws
