// What is counted for as long as a request is on its way, and at its end.
#pragma once

#include "dataplane/balancer/counters.h"
#include "dataplane/balancer/routing.h"

namespace holm::balancer {

// A target is busy with one request more while this lives.
class InFlight final {
 public:
  explicit InFlight(TargetState& state) : state_(state) { ++state_.requests_in_flight; }
  ~InFlight() { --state_.requests_in_flight; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  TargetState& state_;
};

// A flow more is open while this lives.
class OpenFlow final {
 public:
  explicit OpenFlow(FlowCounters& counters) : counters_(counters) {
    count(counters_.begun);
    ++counters_.open;
  }
  ~OpenFlow() { --counters_.open; }
  OpenFlow(const OpenFlow&) = delete;
  OpenFlow& operator=(const OpenFlow&) = delete;

 private:
  FlowCounters& counters_;
};

// Counts a client that left before the response was complete.
class Completion final {
 public:
  explicit Completion(Counter& clients_gone) : clients_gone_(clients_gone) {}
  ~Completion() {
    if (!complete_) count(clients_gone_);
  }
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;
  void complete() { complete_ = true; }

 private:
  Counter& clients_gone_;
  bool complete_ = false;
};

}  // namespace holm::balancer
