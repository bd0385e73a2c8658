// Names and relays of one execution environment.

#include "services/lambda/doors.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <string>

#include "dataplane/dns/message.h"
#include "net/socket.h"
#include "net/stream.h"

namespace holm::lambda {

namespace {

constexpr size_t kRelaysMax = 256;
constexpr async::Duration kQuiet{std::chrono::minutes(15)};
constexpr size_t kPieceBytes = 16 << 10;

struct Relay {
  Relay(async::Reactor& reactor, UniqueFd inner, UniqueFd outer)
      : inside(reactor, std::move(inner)), outside(reactor, std::move(outer)) {}
  net::Stream inside;
  net::Stream outside;
};

async::Task<bool> send_all(net::Stream& to, std::string_view bytes) {
  while (!bytes.empty()) {
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    const net::IoResult sent = to.write_some(std::span<const iovec>(&piece, 1));
    if (sent.status == net::Io::Failed || sent.status == net::Io::End) co_return false;
    bytes.remove_prefix(sent.bytes);
    if (sent.status != net::Io::WouldBlock) continue;
    const net::Wait waited = co_await to.writable(kQuiet);
    if (waited == net::Wait::TimedOut) co_return false;
  }
  co_return true;
}

// One direction; the pair ends with the second of them.
async::Task<void> carry([[maybe_unused]] std::shared_ptr<Relay> relay, net::Stream& from, net::Stream& to) {
  std::string buffer(kPieceBytes, '\0');
  while (true) {
    const net::IoResult got = from.read_some(buffer);
    if (got.status == net::Io::WouldBlock) {
      const net::Wait waited = co_await from.readable(kQuiet);
      if (waited == net::Wait::TimedOut) break;
      continue;
    }
    if (got.status != net::Io::Done) break;
    const bool is_sent = co_await send_all(to, std::string_view(buffer).substr(0, got.bytes));
    if (!is_sent) break;
  }
  to.end_writing();
}

async::Task<void> open_relay(async::Reactor& reactor, async::TaskSet& relays, UniqueFd inner,
                             net::Address address) {
  net::ConnectOptions options;
  auto outer = co_await net::connect_to(reactor, address, options);
  if (!outer) co_return;
  auto relay = std::make_shared<Relay>(reactor, std::move(inner), std::move(*outer));
  relays.spawn(carry(relay, relay->inside, relay->outside));
  relays.spawn(carry(relay, relay->outside, relay->inside));
}

bool is_here(std::string_view name) {
  return name == "localhost" || name == "holm.internal" || name.ends_with(".localhost") ||
         name.ends_with(".holm.internal");
}

}  // namespace

Doors::Doors(async::Reactor& reactor, UniqueFd names, std::vector<UniqueFd> sites,
             const std::vector<Site>& targets)
    : reactor_(reactor),
      names_(std::move(names)),
      watch_(reactor, names_.get(), *this, async::Trigger::Level),
      sites_(std::move(sites)) {
  for (size_t i = 0; i < sites_.size(); ++i) {
    const net::Address target = targets[i].target;
    auto accepted = [this, target](UniqueFd connection, const net::Address&) {
      if (relays_.size() >= kRelaysMax) return;
      relays_.spawn(open_relay(reactor_, relays_, std::move(connection), target));
    };
    listeners_.push_back(std::make_unique<net::Listener>(reactor, sites_[i].get(), std::move(accepted)));
  }
}

void Doors::on_events(async::Events) { answer_queries(); }

void Doors::answer_queries() {
  std::array<char, dns::kMessageBytesMax> buffer;
  sockaddr_storage peer{};
  for (int i = 0; i < 64; ++i) {
    socklen_t peer_bytes = sizeof peer;
    const ssize_t bytes = ::recvfrom(names_.get(), buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&peer), &peer_bytes);
    if (bytes < 0) return;
    auto query = dns::parse_query({buffer.data(), static_cast<size_t>(bytes)});
    if (!query) continue;
    std::vector<dns::Answer> answers;
    const bool here = is_here(query->name);
    if (here && query->type == static_cast<uint16_t>(dns::Type::A)) {
      answers.push_back({query->name, dns::Type::A, 60, "127.0.0.1"});
    }
    const auto rcode = here ? dns::Rcode::NoError : dns::Rcode::NameError;
    const std::string response = dns::write_response(*query, rcode, answers);
    (void)::sendto(names_.get(), response.data(), response.size(), 0,
                   reinterpret_cast<const sockaddr*>(&peer), peer_bytes);
  }
}

}  // namespace holm::lambda
