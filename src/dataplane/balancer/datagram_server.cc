// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/introduction.html
// UDP has no connections, but traffic from the same source has the same target until it pauses.

#include "dataplane/balancer/datagram_server.h"

#include <sys/socket.h>

#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "dataplane/balancer/counters.h"
#include "dataplane/balancer/request_guards.h"

namespace holm::balancer {

namespace {

// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html
constexpr async::Duration kIdle{120000};
constexpr async::Duration kSweep{1000};
constexpr size_t kFlowsMax = 20000;
// Read at a time, so that others on the reactor have their turn.
constexpr size_t kBatchMax = 64;

struct AddressHash {
  size_t operator()(const net::Address& address) const {
    return std::hash<std::string_view>()(address.ip_bytes()) ^ (size_t{address.port()} << 17);
  }
};

struct SocketAddress {
  explicit SocketAddress(const net::Address& address)
      : bytes(static_cast<socklen_t>(address.to_sockaddr(storage))) {}
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  sockaddr_storage storage;
  socklen_t bytes;
};

// The state is the same in all routings for as long as the target is registered.
const RoutedTarget* find_target(const RoutedGroup* group, const std::shared_ptr<TargetState>& state) {
  if (!group) return nullptr;
  for (const RoutedTarget& each : group->targets) {
    if (each.state == state) return &each;
  }
  return nullptr;
}

}  // namespace

Result<UniqueFd> datagram_socket(const net::Address& address, net::Namespace where) {
  const int domain = address.family() == net::Address::Family::Ipv6 ? AF_INET6 : AF_INET;
  Result<UniqueFd> socket = net::socket_in(where.fd, domain, SOCK_DGRAM);
  if (!socket) return socket;
  const SocketAddress own(address);
  if (::bind(socket->get(), own.get(), own.bytes) != 0) {
    return failure("cannot take datagrams at " + address.to_string());
  }
  return socket;
}

class DatagramServer::Flows final : public async::FdHandler {
 public:
  Flows(async::Reactor& reactor, Finder finder, net::ConnectionRoom& room)
      : reactor_(reactor), finder_(std::move(finder)), room_(room), sweeper_(reactor, [this] { sweep(); }) {}

  void listen(UniqueFd socket) {
    socket_ = std::move(socket);
    local_ = net::local_address(socket_.get());
    watch_.emplace(reactor_, socket_.get(), *this, async::Trigger::Level);
  }

 private:
  // One client's datagrams, and what is answered to them.
  class Flow final : public async::FdHandler {
   public:
    Flow(Flows& owner, net::Address peer, const DatagramRoute& route, const RoutedTarget& target, UniqueFd socket)
        : owner_(owner),
          peer_(std::move(peer)),
          state_(route.routing->state_of(*route.load_balancer, owner.local_.ip())),
          target_(target.state),
          busy_(*target_),
          open_(state_->counters.udp),
          place_(owner.room_),
          socket_(std::move(socket)),
          watch_(owner.reactor_, socket_.get(), *this, async::Trigger::Level) {}

    void send(std::string_view datagram) {
      used_ = owner_.reactor_.clock().steady();
      add(state_->counters.udp.bytes, datagram.size());
      // What cannot be sent is lost, as datagrams are.
      [[maybe_unused]] const ssize_t sent = ::send(socket_.get(), datagram.data(), datagram.size(), 0);
    }
    void on_events(async::Events) override {
      const std::span<char> scratch = owner_.reactor_.scratch();
      const SocketAddress client(peer_);
      for (size_t i = 0; i < kBatchMax; ++i) {
        const ssize_t got = ::recv(socket_.get(), scratch.data(), scratch.size(), 0);
        // Also when the target has refused an earlier one.
        if (got < 0) return;
        owner_.touch(*this);
        used_ = owner_.reactor_.clock().steady();
        add(state_->counters.udp.bytes, static_cast<uint64_t>(got));
        const int own = owner_.socket_.get();
        [[maybe_unused]] const ssize_t sent =
            ::sendto(own, scratch.data(), static_cast<size_t>(got), 0, client.get(), client.bytes);
      }
    }

    const net::Address& peer() const { return peer_; }
    const std::shared_ptr<TargetState>& target() const { return target_; }
    SteadyTime used() const { return used_; }
    std::list<Flow*>::iterator place_in_line;

   private:
    Flows& owner_;
    const net::Address peer_;
    const std::shared_ptr<LoadBalancerState> state_;
    const std::shared_ptr<TargetState> target_;
    const InFlight busy_;
    const OpenFlow open_;
    const net::ConnectionRoom::Place place_;
    SteadyTime used_{};
    const UniqueFd socket_;
    const async::Watch watch_;
  };

  void on_events(async::Events) override;
  void carry(const net::Address& peer, std::string_view datagram);
  Flow* open(const net::Address& peer, const DatagramRoute& route);
  const RoutedTarget* choose(const net::Address& peer, const DatagramRoute& route) const;
  void follow(const DatagramRoute& route);
  bool make_room();
  void close(Flow& flow);
  void touch(Flow& flow) { line_.splice(line_.end(), line_, flow.place_in_line); }
  void sweep();

  async::Reactor& reactor_;
  const Finder finder_;
  net::ConnectionRoom& room_;
  UniqueFd socket_;
  net::Address local_;
  std::optional<async::Watch> watch_;
  std::shared_ptr<const Routing> seen_;  // That all flows agree with.
  std::list<Flow*> line_;                // The one that was used last is at the end.
  std::unordered_map<net::Address, std::unique_ptr<Flow>, AddressHash> flows_;
  async::Timer sweeper_;
};

void DatagramServer::Flows::on_events(async::Events) {
  const std::span<char> scratch = reactor_.scratch();
  for (size_t i = 0; i < kBatchMax; ++i) {
    sockaddr_storage from;
    socklen_t from_bytes = sizeof from;
    auto* sender = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = ::recvfrom(socket_.get(), scratch.data(), scratch.size(), 0, sender, &from_bytes);
    if (got < 0) return;
    carry(net::Address::from_sockaddr(sender, from_bytes), {scratch.data(), static_cast<size_t>(got)});
  }
}

void DatagramServer::Flows::carry(const net::Address& peer, std::string_view datagram) {
  const DatagramRoute route = finder_();
  follow(route);
  auto found = flows_.find(peer);
  Flow* flow = found == flows_.end() ? nullptr : found->second.get();
  // Another has to do, if there is one that is well.
  if (flow && flow->target()->health == Health::Unhealthy) {
    const RoutedTarget* target = choose(peer, route);
    if (target && target->state != flow->target()) {
      close(*flow);
      flow = nullptr;
    }
  }
  if (!flow) flow = open(peer, route);
  if (!flow) return;
  flow->send(datagram);
  touch(*flow);
}

const RoutedTarget* DatagramServer::Flows::choose(const net::Address& peer, const DatagramRoute& route) const {
  if (!route.group) return nullptr;
  const bool is_by_client = route.group->settings->affinity == Affinity::Client;
  const std::string source = is_by_client ? peer.ip() : peer.to_string() + local_.to_string();
  const LoadBalancer& own = *route.load_balancer;
  std::string_view zone;
  if (own.cross_zone == CrossZone::Off) {
    const auto node = own.zones.find(local_.ip());
    if (node != own.zones.end()) zone = node->second;
  }
  return choose_target_of_flow(*route.group, {}, std::hash<std::string>()(source), zone);
}

DatagramServer::Flows::Flow* DatagramServer::Flows::open(const net::Address& peer, const DatagramRoute& route) {
  const RoutedTarget* target = choose(peer, route);
  if (!target || !make_room()) return nullptr;
  const net::Address source = route.routing->known_source_of(*route.load_balancer);
  Result<UniqueFd> socket = datagram_socket(source, route.load_balancer->where);
  const SocketAddress to(target->settings->address);
  if (!socket || ::connect(socket->get(), to.get(), to.bytes) != 0) return nullptr;
  auto made = std::make_unique<Flow>(*this, peer, route, *target, std::move(*socket));
  Flow* const flow = made.get();
  flow->place_in_line = line_.insert(line_.end(), flow);
  flows_.emplace(peer, std::move(made));
  if (!sweeper_.is_armed()) sweeper_.arm(kSweep);
  return flow;
}

// Of a target that is registered no more, no flow is left.
void DatagramServer::Flows::follow(const DatagramRoute& route) {
  if (route.routing == seen_) return;
  seen_ = route.routing;
  for (auto at = line_.begin(); at != line_.end();) {
    Flow& flow = **at++;
    if (!find_target(route.group, flow.target())) close(flow);
  }
}

// The flow that was silent longest makes room for another.
bool DatagramServer::Flows::make_room() {
  while (flows_.size() >= kFlowsMax || !room_.has_place()) {
    if (line_.empty()) return false;
    close(*line_.front());
  }
  return true;
}

void DatagramServer::Flows::close(Flow& flow) {
  line_.erase(flow.place_in_line);
  const net::Address peer = flow.peer();
  flows_.erase(peer);
}

void DatagramServer::Flows::sweep() {
  follow(finder_());
  const SteadyTime now = reactor_.clock().steady();
  while (!line_.empty() && now - line_.front()->used() >= kIdle) close(*line_.front());
  if (!line_.empty()) sweeper_.arm(kSweep);
}

DatagramServer::DatagramServer(async::Reactor& reactor, Finder finder, net::ConnectionRoom& room)
    : reactor_(reactor) {
  reactor_.call([&] { flows_ = std::make_unique<Flows>(reactor_, std::move(finder), room); });
}

DatagramServer::~DatagramServer() {
  reactor_.call([this] { flows_.reset(); });
}

void DatagramServer::listen(UniqueFd socket) {
  reactor_.call([&] { flows_->listen(std::move(socket)); });
}

}  // namespace holm::balancer
