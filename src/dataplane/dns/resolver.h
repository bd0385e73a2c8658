// The resolver of one VPC: answers the region's names and passes other queries on to the machine's own
// resolver.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/reactor.h"
#include "base/unique_fd.h"
#include "dataplane/dns/directory.h"
#include "net/address.h"

namespace holm::dns {

struct ResolverOptions {
  std::string vpc_id;
  // Where queries for other names go, tried in turn; empty: they are answered "no such name".
  std::vector<net::Address> upstreams;
};

// The name servers of resolv.conf(5) in `text`.
std::vector<net::Address> upstreams_of(std::string_view text);

// Lives on one reactor's thread. `directory` outlives it. At most 512 queries wait for an upstream at once;
// the ones beyond are answered "server failure".
class Resolver final {
 public:
  Resolver(async::Reactor& reactor, const Directory& directory, ResolverOptions options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Answers on `socket` too: a bound, non-blocking datagram socket.
  void serve(UniqueFd socket);

 private:
  class State;
  std::unique_ptr<State> state_;
};

// The response the directory alone gives: nothing for a name it does not know.
std::optional<std::string> answer_from(const Directory& directory, std::string_view vpc_id,
                                       std::string_view query);

}  // namespace holm::dns
