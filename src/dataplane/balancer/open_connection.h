// A connection of a load balancer, with a client or a target, counted for as long as it is open.
#pragma once

#include <memory>
#include <utility>

#include "dataplane/balancer/counters.h"
#include "dataplane/balancer/routing.h"
#include "http/server.h"

namespace holm::balancer {

class OpenConnection final : public http::ConnectionMark {
 public:
  explicit OpenConnection(std::shared_ptr<LoadBalancerState> state) : state_(std::move(state)) {
    count(state_->counters.connections_begun);
    ++state_->counters.connections_open;
  }
  ~OpenConnection() override { --state_->counters.connections_open; }
  OpenConnection(const OpenConnection&) = delete;
  OpenConnection& operator=(const OpenConnection&) = delete;

  bool is_of(const LoadBalancerState& state) const { return state_.get() == &state; }

 private:
  std::shared_ptr<LoadBalancerState> state_;
};

}  // namespace holm::balancer
