// Flows of datagrams: to whom they go, what comes back, and when they end.

#include "dataplane/balancer/datagram_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "async/fake_clock_test.h"

namespace holm::balancer {
namespace {

// A socket of a client or a target.
class Peer final {
 public:
  Peer() : socket_(std::move(*datagram_socket(net::Address::loopback(0), {}))) {}

  net::Address address() const { return net::local_address(socket_.get()); }
  void send(const net::Address& to, const std::string& text) const {
    sockaddr_storage storage;
    const auto bytes = static_cast<socklen_t>(to.to_sockaddr(storage));
    ASSERT_EQ(::sendto(socket_.get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&storage), bytes),
              static_cast<ssize_t>(text.size()));
  }
  // Empty when nothing has come.
  std::string receive() {
    std::array<char, 65536> text;
    sockaddr_storage storage;
    socklen_t bytes = sizeof storage;
    auto* sender = reinterpret_cast<sockaddr*>(&storage);
    const ssize_t got = ::recvfrom(socket_.get(), text.data(), text.size(), MSG_DONTWAIT, sender, &bytes);
    if (got < 0) return {};
    sender_ = net::Address::from_sockaddr(sender, bytes);
    return {text.data(), static_cast<size_t>(got)};
  }
  // Of what was received last.
  const net::Address& sender() const { return sender_; }

 private:
  UniqueFd socket_;
  net::Address sender_;
};

class DatagramServerTest : public testing::Test {
 protected:
  DatagramServerTest() {
    group_.arn = "group";
    own_.arn = "balancer";
    own_.addresses = {"127.0.0.1"};
    UniqueFd socket = std::move(*datagram_socket(net::Address::loopback(0), {}));
    door_ = net::local_address(socket.get());
    server_.emplace(reactor_, [this] { return route(); }, room_);
    server_->listen(std::move(socket));
  }

  DatagramRoute route() const {
    if (!routing_) return {};
    return {routing_, &routing_->config().load_balancers[0], routing_->find_group("group")};
  }
  void publish() {
    auto config = std::make_shared<Config>();
    config->groups.emplace("group", group_);
    config->load_balancers.push_back(own_);
    routing_ = std::make_shared<const Routing>(config, routing_.get());
  }
  void add(const std::string& id, const Peer& target) {
    group_.targets.push_back({.id = id, .address = target.address(), .known_health = Health::Healthy});
  }
  // What `target` gets of it, having run all there is to do.
  std::string carried(const Peer& client, const std::string& text, Peer& target) {
    client.send(door_, text);
    reactor_.run_ready();
    return target.receive();
  }
  std::string answered(Peer& target, const std::string& text, Peer& client) {
    target.send(target.sender(), text);
    reactor_.run_ready();
    return client.receive();
  }
  FlowCounters& counters() { return routing_->state_of(routing_->config().load_balancers[0])->counters.udp; }
  TargetState& state(size_t index) { return *routing_->find_group("group")->targets[index].state; }
  void pass(std::chrono::milliseconds time) {
    clock_.advance(time);
    reactor_.run_ready();
  }

  async::test::FakeClock clock_;
  async::Reactor reactor_{clock_};
  net::ConnectionRoom room_{4};
  TargetGroup group_;
  LoadBalancer own_;
  std::shared_ptr<const Routing> routing_;
  net::Address door_;
  std::optional<DatagramServer> server_;
  Peer client_, other_client_, target_, other_target_;
};

TEST_F(DatagramServerTest, CarriesEachClientsDatagramsAndTheirAnswers) {
  add("one", target_);
  publish();
  EXPECT_EQ(carried(client_, "question", target_), "question");
  const net::Address source = target_.sender();
  EXPECT_EQ(answered(target_, "answer", client_), "answer");
  EXPECT_EQ(client_.sender(), door_);
  EXPECT_EQ(carried(client_, "more", target_), "more");
  EXPECT_EQ(target_.sender(), source) << "a flow has one socket";
  EXPECT_EQ(carried(other_client_, "other", target_), "other");
  EXPECT_NE(target_.sender(), source);
  EXPECT_EQ(answered(target_, "for the other", other_client_), "for the other");
  EXPECT_EQ(client_.receive(), "");
  EXPECT_EQ(counters().begun, 2u);
  EXPECT_EQ(counters().open, 2);
  EXPECT_EQ(counters().bytes, 8 + 6 + 4 + 5 + 13u);
  EXPECT_EQ(state(0).requests_in_flight, 2);
}

TEST_F(DatagramServerTest, CarriesTheLargestThereAre) {
  add("one", target_);
  publish();
  const std::string large(65507, 'x');
  EXPECT_EQ(carried(client_, large, target_), large);
  EXPECT_EQ(answered(target_, large, client_), large);
}

TEST_F(DatagramServerTest, EndsAFlowThatIsSilentForTwoMinutes) {
  add("one", target_);
  publish();
  EXPECT_EQ(carried(client_, "a", target_), "a");
  pass(std::chrono::seconds(119));
  EXPECT_EQ(counters().open, 1);
  EXPECT_EQ(answered(target_, "b", client_), "b") << "answers count, too";
  pass(std::chrono::seconds(119));
  EXPECT_EQ(counters().open, 1);
  pass(std::chrono::seconds(2));
  EXPECT_EQ(counters().open, 0);
  EXPECT_EQ(state(0).requests_in_flight, 0);
  EXPECT_EQ(answered(target_, "late", client_), "");
  EXPECT_EQ(carried(client_, "again", target_), "again");
  EXPECT_EQ(counters().begun, 2u);
}

TEST_F(DatagramServerTest, LeavesAFlowToATargetThatDrainsUntilItIsGone) {
  add("one", target_);
  publish();
  EXPECT_EQ(carried(client_, "a", target_), "a");
  group_.targets[0].registration = Registration::Draining;
  add("two", other_target_);
  publish();
  EXPECT_EQ(carried(client_, "b", target_), "b");
  EXPECT_EQ(carried(other_client_, "c", other_target_), "c");
  group_.targets.erase(group_.targets.begin());
  publish();
  EXPECT_EQ(carried(client_, "d", other_target_), "d");
  EXPECT_EQ(target_.receive(), "");
  EXPECT_EQ(counters().open, 2);
}

TEST_F(DatagramServerTest, EndsFlowsOfATargetThatIsGoneWithoutAnotherDatagram) {
  add("one", target_);
  publish();
  EXPECT_EQ(carried(client_, "a", target_), "a");
  group_.targets.clear();
  publish();
  pass(std::chrono::seconds(2));
  EXPECT_EQ(counters().open, 0);
}

TEST_F(DatagramServerTest, LeavesATargetThatBecomesUnhealthyIfAnotherIsWell) {
  add("one", target_);
  publish();
  EXPECT_EQ(carried(client_, "a", target_), "a");
  state(0).health = Health::Unhealthy;
  EXPECT_EQ(carried(client_, "b", target_), "b") << "better than nobody";
  add("two", other_target_);
  publish();
  EXPECT_EQ(carried(client_, "c", other_target_), "c");
  EXPECT_EQ(counters().open, 1);
}

TEST_F(DatagramServerTest, LosesWhatNobodyIsThereFor) {
  publish();
  EXPECT_EQ(carried(client_, "a", target_), "");
  EXPECT_EQ(counters().begun, 0u);
  auto gone = std::make_unique<Peer>();
  add("gone", *gone);
  gone.reset();
  publish();
  // The first is refused, which the flow survives.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(carried(client_, "b", target_), "");
  EXPECT_EQ(counters().begun, 1u);
  EXPECT_EQ(counters().open, 1);
}

TEST_F(DatagramServerTest, EndsTheFlowThatWasSilentLongestForAnother) {
  add("one", target_);
  publish();
  std::vector<Peer> clients(5);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(carried(clients[i], "first", target_), "first");
  EXPECT_EQ(carried(clients[0], "second", target_), "second");
  EXPECT_EQ(carried(clients[4], "fifth", target_), "fifth");
  EXPECT_EQ(counters().open, 4);
  EXPECT_EQ(carried(clients[0], "third", target_), "third");
  EXPECT_EQ(counters().begun, 5u) << "that one has kept its place";
  EXPECT_EQ(carried(clients[1], "anew", target_), "anew");
  EXPECT_EQ(counters().begun, 6u);
}

TEST_F(DatagramServerTest, KeepsAClientWithItsTargetWhateverItsPort) {
  group_.affinity = Affinity::Client;
  add("one", target_);
  add("two", other_target_);
  publish();
  const bool is_first = carried(client_, "a", target_) == "a";
  if (!is_first) {
    EXPECT_EQ(other_target_.receive(), "a");
  }
  for (int i = 0; i < 3; ++i) {
    const Peer another;
    EXPECT_EQ(carried(another, "b", is_first ? target_ : other_target_), "b");
  }
}

}  // namespace
}  // namespace holm::balancer
