// What a function can reach: names that end in .localhost, and the load balancers' sites.
#pragma once

#include <memory>
#include <vector>

#include "async/reactor.h"
#include "async/task_set.h"
#include "base/unique_fd.h"
#include "net/listener.h"
#include "services/lambda/site.h"

namespace holm::lambda {

// Lives on the reactor's thread. Connections to a site are carried to the address it has outside.
class Doors final : public async::FdHandler {
 public:
  // `sites` are listening sockets, one for each of `targets`, in their order; `names` is a datagram socket.
  Doors(async::Reactor& reactor, UniqueFd names, std::vector<UniqueFd> sites,
        const std::vector<Site>& targets);

 private:
  void on_events(async::Events events) override;
  void answer_queries();

  async::Reactor& reactor_;
  UniqueFd names_;
  async::Watch watch_;
  std::vector<UniqueFd> sites_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  async::TaskSet relays_;
};

}  // namespace holm::lambda
