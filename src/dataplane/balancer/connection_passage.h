// ConnectionPassage: one connection that is carried to a target as it is.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "async/task.h"
#include "dataplane/balancer/access_log.h"
#include "dataplane/balancer/routing.h"
#include "dataplane/balancer/upstream.h"
#include "net/stream.h"

namespace holm::balancer {

class ConnectionPassage;
using OpenPassages = std::unordered_set<ConnectionPassage*>;

// Lives in the coroutine that serves the connection.
class ConnectionPassage final {
 public:
  struct Context {
    const LoadBalancer& load_balancer;
    const Listener& listener;
    const RoutedGroup& group;
    UpstreamPool& pool;
    FlowCounters& counters;
    std::unique_ptr<net::Stream> client;
    net::Address peer;
    net::Address local;
    std::string_view first_bytes;  // What the client has sent already.
    OpenPassages& all;             // Of its reactor.
    CarriedStory& story;           // Has its target and what passed when `run` is over.
  };
  explicit ConnectionPassage(Context context);
  ~ConnectionPassage();
  ConnectionPassage(const ConnectionPassage&) = delete;
  ConnectionPassage& operator=(const ConnectionPassage&) = delete;

  // Until either side has gone; resets the client's connection when no target can be reached.
  async::Task<void> run();
  // Ends if its target is not there any more and its group wants that.
  void follow(const Routing& routing);
  // Ends if it goes to this target, which fails its checks now, and its group wants that.
  void abandon(const TargetState& failed);

 private:
  async::Task<std::unique_ptr<Connection>> connect_to(const RoutedTarget& target);
  async::Task<void> carry(Connection& target);
  uint64_t flow() const;
  const RoutedTarget* choose(TriedTargets tried, std::string_view zone) const;
  void reset_client();
  void end();

  Context context_;
  // While bytes are carried.
  const RoutedTarget* target_ = nullptr;
  Connection* connection_ = nullptr;
};

}  // namespace holm::balancer
