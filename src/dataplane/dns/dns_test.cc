// Queries, the directory, and a resolver over real sockets.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "async/reactor.h"
#include "base/system_clock.h"
#include "dataplane/dns/directory.h"
#include "dataplane/dns/message.h"
#include "dataplane/dns/resolver.h"
#include "net/address.h"

namespace holm::dns {
namespace {

std::string query_for(std::string_view name, uint16_t type = 1) {
  Query query{.id = 0x1234, .recursion_desired = true, .name = std::string(name), .type = type};
  std::string message = write_response(query, Rcode::NoError, {});
  message[2] = 1;  // A query that wants recursion, not a response.
  message[3] = 0;
  return message;
}

int rcode(const std::string& response) { return response[3] & 15; }
int answer_count(const std::string& response) { return response[7]; }

TEST(DnsMessage, ReadsWhatItWrites) {
  auto query = parse_query(query_for("DB.Example.internal", 28));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->name, "db.example.internal");
  EXPECT_EQ(query->type, 28);
  EXPECT_EQ(query->id, 0x1234);
}

TEST(DnsMessage, EveryTruncationIsRefused) {
  std::string whole = query_for("a.b");
  for (size_t cut = 0; cut < whole.size(); ++cut) EXPECT_FALSE(parse_query(whole.substr(0, cut))) << cut;
}

TEST(DnsMessage, AnswersThatDoNotFitAreLeftOutAndSaidSo) {
  Query query{.id = 1, .name = "a", .type = 1};
  std::vector<Answer> many(100, Answer{"a", Type::A, 60, "10.0.0.1"});
  std::string response = write_response(query, Rcode::NoError, many);
  EXPECT_LE(response.size(), 512u);
  EXPECT_NE(response[2] & 2, 0);
}

TEST(DnsDirectory, ANameMayMeanSomethingElseInEachVpc) {
  Directory directory;
  directory.publish("", "lb.localhost", {.addresses = {"127.0.0.1"}});
  directory.publish("vpc-1", "lb.localhost", {.addresses = {"10.0.0.9"}});
  EXPECT_EQ(directory.find("vpc-1", "LB.localhost")->addresses.front(), "10.0.0.9");
  EXPECT_EQ(directory.find("vpc-2", "lb.localhost")->addresses.front(), "127.0.0.1");
  directory.remove_vpc("vpc-1");
  EXPECT_EQ(directory.find("vpc-1", "lb.localhost")->addresses.front(), "127.0.0.1");
  EXPECT_FALSE(directory.find("vpc-1", "other"));
}

TEST(DnsDirectory, AliasesAreFollowedButNotForEver) {
  Directory directory;
  directory.publish("", "www.internal", {.alias = "lb.internal"});
  directory.publish("", "lb.internal", {.addresses = {"10.0.0.1", "10.0.0.2"}});
  directory.publish("", "loop.internal", {.alias = "loop.internal"});
  EXPECT_EQ(answer_count(*answer_from(directory, "vpc-1", query_for("www.internal"))), 3);
  EXPECT_TRUE(answer_from(directory, "vpc-1", query_for("loop.internal")));
  // A name that exists has no IPv6 address: an empty answer, not "no such name".
  auto empty = answer_from(directory, "vpc-1", query_for("lb.internal", 28));
  ASSERT_TRUE(empty);
  EXPECT_EQ(answer_count(*empty), 0);
  EXPECT_EQ(rcode(*empty), 0);
}

// A socket bound to the loopback address, and where that is.
struct Bound {
  UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  sockaddr_storage address{};
  socklen_t bytes = 0;

  Bound() {
    bytes = static_cast<socklen_t>(net::Address::loopback(0).to_sockaddr(address));
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), bytes), 0);
    bytes = sizeof address;
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &bytes), 0);
  }
};

std::string receive(async::Reactor& reactor, int fd) {
  char buffer[kMessageBytesMax];
  for (int turn = 0; turn < 100000; ++turn) {
    reactor.run_ready();
    ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got > 0) return {buffer, static_cast<size_t>(got)};
  }
  return {};
}

TEST(DnsResolver, AnswersOverASocketAndPassesTheRestOn) {
  SystemClock clock;
  async::Reactor reactor(clock);
  Directory directory;
  directory.publish("vpc-1", "db.internal", {.addresses = {"10.0.0.7"}});
  Bound upstream, server, guest;
  Resolver resolver(reactor, directory,
                    {.vpc_id = "vpc-1",
                     .upstreams = {net::Address::from_sockaddr(reinterpret_cast<sockaddr*>(&upstream.address),
                                                               upstream.bytes)}});
  ASSERT_EQ(::connect(guest.fd.get(), reinterpret_cast<sockaddr*>(&server.address), server.bytes), 0);
  resolver.serve(std::move(server.fd));
  auto ask = [&](const std::string& query) { return ::send(guest.fd.get(), query.data(), query.size(), 0); };

  ask(query_for("db.internal"));
  EXPECT_EQ(answer_count(receive(reactor, guest.fd.get())), 1);

  ask(query_for("missing.internal"));
  EXPECT_EQ(rcode(receive(reactor, guest.fd.get())), 3);

  ask(query_for("example.com"));
  char buffer[kMessageBytesMax];
  sockaddr_storage from{};
  socklen_t bytes = sizeof from;
  ssize_t got = -1;
  for (int turn = 0; turn < 100000 && got < 0; ++turn) {
    reactor.run_ready();
    got = ::recvfrom(upstream.fd.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &bytes);
  }
  ASSERT_GT(got, 0);
  auto passed_on = parse_query(std::string_view(buffer, static_cast<size_t>(got)));
  ASSERT_TRUE(passed_on);
  EXPECT_EQ(passed_on->name, "example.com");
  std::string reply = write_response(*passed_on, Rcode::NoError, {{"example.com", Type::A, 5, "192.0.2.1"}});
  ::sendto(upstream.fd.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), bytes);
  EXPECT_EQ(receive(reactor, guest.fd.get()), reply);
}

TEST(DnsResolver, ReadsTheMachinesNameServers) {
  auto upstreams =
      upstreams_of("# x\nnameserver 192.0.2.53\nsearch a\n nameserver 2001:db8::1\nnameserver bad\n");
  ASSERT_EQ(upstreams.size(), 2u);
  EXPECT_EQ(upstreams[0].to_string(), "192.0.2.53:53");
}

}  // namespace
}  // namespace holm::dns
