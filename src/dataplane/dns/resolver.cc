// The resolver of one VPC.

#include "dataplane/dns/resolver.h"

#include <sys/socket.h>

#include <list>

#include "base/log.h"
#include "base/strings.h"
#include "dataplane/dns/message.h"
#include "net/socket.h"

namespace holm::dns {

namespace {

constexpr size_t kWaitingMax = 512;
constexpr int kAliasesMax = 8;
constexpr async::Duration kUpstreamTimeout{2000};
constexpr size_t kAddressesMax = 64;

struct Peer {
  sockaddr_storage address{};
  socklen_t bytes = sizeof(sockaddr_storage);
};

bool asks_for(const Query& query, Type type) {
  return query.type == static_cast<uint16_t>(type) || query.type == static_cast<uint16_t>(Type::Any);
}

}  // namespace

std::vector<net::Address> upstreams_of(std::string_view text) {
  std::vector<net::Address> upstreams;
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (!line.starts_with("nameserver")) continue;
    if (auto address = net::Address::parse(trim(line.substr(10)), 53)) upstreams.push_back(*address);
  }
  return upstreams;
}

std::optional<std::string> answer_from(const Directory& directory, std::string_view vpc_id,
                                       std::string_view message) {
  auto query = parse_query(message);
  if (!query) return std::nullopt;
  std::vector<Answer> answers;
  std::string name = query->name;
  bool known = false;
  for (int hop = 0; hop < kAliasesMax; ++hop) {
    std::optional<Record> record = directory.find(vpc_id, name);
    if (!record) break;
    known = true;
    if (record->addresses.empty() && !record->alias.empty()) {
      answers.push_back({name, Type::Cname, record->ttl_seconds, record->alias});
      name = to_lower(record->alias);
      continue;
    }
    if (asks_for(*query, Type::A)) {
      for (const std::string& address : record->addresses) {
        if (answers.size() < kAddressesMax) answers.push_back({name, Type::A, record->ttl_seconds, address});
      }
    }
    break;
  }
  if (!known) return std::nullopt;
  return write_response(*query, Rcode::NoError, answers);
}

class Resolver::State {
 public:
  State(async::Reactor& reactor, const Directory& directory, ResolverOptions options)
      : reactor_(reactor), directory_(directory), options_(std::move(options)) {}

  void serve(UniqueFd socket) { sockets_.emplace_back(*this, std::move(socket)); }

 private:
  // A socket guests send queries to.
  class Socket final : public async::FdHandler {
   public:
    Socket(State& state, UniqueFd fd)
        : state_(state), fd_(std::move(fd)), watch_(state.reactor_, fd_.get(), *this) {}

    void on_events(async::Events) override {
      char buffer[kMessageBytesMax];
      while (true) {
        Peer peer;
        ssize_t got = ::recvfrom(fd_.get(), buffer, sizeof buffer, MSG_PEEK,
                                 reinterpret_cast<sockaddr*>(&peer.address), &peer.bytes);
        if (got < 0) return;
        state_.answer(*this, peer, std::string_view(buffer, static_cast<size_t>(got)));
        // Taken only now: what a killed daemon had in hand is answered by the next, where the guest would wait for
        // seconds before it asked again.
        [[maybe_unused]] ssize_t taken = ::recv(fd_.get(), buffer, 0, MSG_DONTWAIT);
      }
    }

    // A response that the socket cannot take now is dropped: the guest asks again.
    void send(const Peer& peer, std::string_view message) {
      [[maybe_unused]] ssize_t sent = ::sendto(fd_.get(), message.data(), message.size(), MSG_DONTWAIT,
                                               reinterpret_cast<const sockaddr*>(&peer.address), peer.bytes);
    }

   private:
    State& state_;
    UniqueFd fd_;
    async::Watch watch_;
  };

  // One query passed on, on a socket of its own so that answers cannot be confused or easily forged.
  class Forwarded final : public async::FdHandler {
   public:
    Forwarded(State& state, Socket& socket, Peer peer, std::string query)
        : state_(state),
          socket_(socket),
          peer_(peer),
          query_(std::move(query)),
          timeout_(state.reactor_, [this] { try_next(); }) {}

    void try_next() {
      watch_.reset();
      fd_.reset();
      if (next_ >= state_.options_.upstreams.size()) return fail();
      const net::Address& upstream = state_.options_.upstreams[next_++];
      sockaddr_storage address{};
      const auto bytes = static_cast<socklen_t>(upstream.to_sockaddr(address));
      auto made = net::socket_in(-1, address.ss_family, SOCK_DGRAM);
      timeout_.arm(kUpstreamTimeout);
      if (!made || ::connect(made->get(), reinterpret_cast<sockaddr*>(&address), bytes) != 0) return;
      fd_ = std::move(*made);
      watch_ = std::make_unique<async::Watch>(state_.reactor_, fd_.get(), *this);
      [[maybe_unused]] ssize_t sent = ::send(fd_.get(), query_.data(), query_.size(), MSG_DONTWAIT);
    }

    void on_events(async::Events) override {
      char buffer[kMessageBytesMax];
      ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      if (got < 2 || std::string_view(buffer, 2) != std::string_view(query_).substr(0, 2)) return;
      socket_.send(peer_, std::string_view(buffer, static_cast<size_t>(got)));
      state_.forget(*this);
    }

   private:
    void fail() {
      if (auto query = parse_query(query_)) {
        socket_.send(peer_, write_response(*query, Rcode::ServerFailure, {}));
      }
      state_.forget(*this);
    }

    State& state_;
    Socket& socket_;
    Peer peer_;
    std::string query_;
    size_t next_ = 0;
    UniqueFd fd_;
    std::unique_ptr<async::Watch> watch_;
    async::Timer timeout_;
  };

  void answer(Socket& socket, const Peer& peer, std::string_view message) {
    auto query = parse_query(message);
    if (!query) return;
    if (auto response = answer_from(directory_, options_.vpc_id, message))
      return socket.send(peer, *response);
    // What ends in the region's own suffixes is nobody else's to answer.
    const bool is_own = query->name.ends_with(".localhost") || query->name.ends_with(".internal") ||
                        query->name.find('.') == std::string::npos;
    if (is_own || options_.upstreams.empty()) {
      return socket.send(peer, write_response(*query, Rcode::NameError, {}));
    }
    if (waiting_.size() >= kWaitingMax) {
      return socket.send(peer, write_response(*query, Rcode::ServerFailure, {}));
    }
    waiting_.push_back(std::make_unique<Forwarded>(*this, socket, peer, std::string(message)));
    waiting_.back()->try_next();
  }

  // Destroys it after the event at hand, in which it may still be running.
  void forget(Forwarded& done) {
    for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
      if (it->get() != &done) continue;
      ended_.push_back(std::move(*it));
      waiting_.erase(it);
      break;
    }
    sweep_.arm(async::Duration{0});
  }

  async::Reactor& reactor_;
  const Directory& directory_;
  ResolverOptions options_;
  std::list<Socket> sockets_;
  std::list<std::unique_ptr<Forwarded>> waiting_;
  std::list<std::unique_ptr<Forwarded>> ended_;
  async::Timer sweep_{reactor_, [this] { ended_.clear(); }};
};

Resolver::Resolver(async::Reactor& reactor, const Directory& directory, ResolverOptions options)
    : state_(std::make_unique<State>(reactor, directory, std::move(options))) {}
Resolver::~Resolver() = default;
void Resolver::serve(UniqueFd socket) { state_->serve(std::move(socket)); }

}  // namespace holm::dns
