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
  // Of a connection to a target.
  explicit OpenConnection(std::shared_ptr<LoadBalancerState> state) : state_(std::move(state)) {
    count(state_->counters.connections_begun);
    ++state_->counters.connections_open;
  }
  // Of a client's that begins now.
  OpenConnection(std::shared_ptr<LoadBalancerState> state, const LoadBalancer& load_balancer, SteadyTime now)
      : OpenConnection(std::move(state)) {
    silence_max = load_balancer.idle_timeout;
    if (load_balancer.client_keep_alive) last_request_from = now + *load_balancer.client_keep_alive;
  }
  ~OpenConnection() override { --state_->counters.connections_open; }
  OpenConnection(const OpenConnection&) = delete;
  OpenConnection& operator=(const OpenConnection&) = delete;

  const std::shared_ptr<LoadBalancerState>& state() const { return state_; }

 private:
  std::shared_ptr<LoadBalancerState> state_;
};

}  // namespace holm::balancer
