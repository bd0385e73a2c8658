// The balancer in front of servers on loopback: forwarding, health, and what goes wrong.

#include "dataplane/balancer/test_balancer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <thread>

#include "async/sync_wait.h"
#include "base/system_clock.h"
#include "crypto/certificate.h"
#include "dataplane/balancer/routing.h"
#include "dataplane/balancer/rules.h"
#include "http/client.h"
#include "http/server.h"
#include "net/socket.h"

namespace holm::balancer {
namespace {

TEST_F(BalancerTest, TargetsTakeTurns) {
  add_target(first_.address());
  add_target(second_.address());
  ASSERT_TRUE(publish());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/a?b=c").body, "GET /a?b=c ");
  EXPECT_EQ(first_.requests, 5);
  EXPECT_EQ(second_.requests, 5);
}

TEST_F(BalancerTest, TellsTheTargetWhoAsked) {
  add_target(first_.address());
  ASSERT_TRUE(publish());
  http::OutgoingRequest request;
  request.headers = {
      {"Host", "www.example.com"}, {"X-Forwarded-For", "192.0.2.7"}, {"X-Hop", "1"}, {"Connection", "X-Hop"}};
  http::Response response = send(std::move(request), listener_port());
  const std::string port = std::to_string(listener_port());
  EXPECT_EQ(response.headers.get("saw-host"), "www.example.com:" + port) << "it is not the usual one";
  EXPECT_EQ(response.headers.get("saw-x-forwarded-for"), "192.0.2.7, 127.0.0.1");
  EXPECT_EQ(response.headers.get("saw-x-forwarded-proto"), "http");
  EXPECT_EQ(response.headers.get("saw-x-forwarded-port"), port);
  EXPECT_TRUE(response.headers.get("saw-x-amzn-trace-id").starts_with("Root=1-"));
  EXPECT_FALSE(response.headers.has("saw-x-hop"));
  EXPECT_EQ(response.headers.get("saw-connection"), "");
}

TEST_F(BalancerTest, PassesLargeBodiesBothWays) {
  add_target(first_.address());
  ASSERT_TRUE(publish());
  std::string body(5 * 1024 * 1024, 'x');
  http::OutgoingRequest with_length;
  with_length.method = "POST";
  with_length.body = body;
  EXPECT_EQ(send(std::move(with_length), listener_port()).body, "POST / " + body);
}

TEST_F(BalancerTest, TriesAnotherTargetWhenOneCannotBeReached) {
  add_target(net::Address::loopback(free_port()));
  add_target(first_.address());
  ASSERT_TRUE(publish());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get("/").status, 200);
}

TEST_F(BalancerTest, AnswersForItselfWhenNoTargetCan) {
  ASSERT_TRUE(publish());
  EXPECT_EQ(get("/").status, 503);
  add_target(net::Address::loopback(free_port()));
  ASSERT_TRUE(publish());
  http::Response response = get("/");
  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(response.headers.get("server"), "awselb/2.0");
}

TEST_F(BalancerTest, ReplacesAKeptConnectionThatTheTargetClosed) {
  add_target(first_.address());
  ASSERT_TRUE(publish());
  EXPECT_EQ(get("/").status, 200);
  first_.stop();
  group_.targets.clear();
  add_target(second_.address());
  ASSERT_TRUE(publish());
  EXPECT_EQ(get("/").headers.get("name"), "second");
}

TEST_F(BalancerTest, ChecksHealthAndAvoidsTheUnhealthy) {
  add_target(first_.address(), Health::Initial);
  add_target(second_.address(), Health::Initial);
  first_.status = 500;
  ASSERT_TRUE(publish());
  HealthChange change = wait_for(Health::Unhealthy, "Target.ResponseCodeMismatch");
  EXPECT_EQ(change.description, "Health checks failed with these codes: [500]");
  EXPECT_EQ(change.port, first_.address().port());
  wait_for(Health::Healthy, "");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get("/").headers.get("name"), "second");
  // When all are unhealthy, all are used.
  second_.stop();
  wait_for(Health::Unhealthy, "Target.FailedHealthChecks");
  EXPECT_EQ(get("/").status, 500);
}

TEST_F(BalancerTest, SendsNothingNewToADrainingTarget) {
  add_target(first_.address());
  add_target(second_.address());
  group_.targets[0].registration = Registration::Draining;
  ASSERT_TRUE(publish());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get("/").headers.get("name"), "second");
  EXPECT_EQ(balancer_->requests_in_flight("group", "127.0.0.1", first_.address().port()), 0);
}

TEST_F(BalancerTest, TheEdgeFindsItByNameAndKnowsNoOther) {
  add_target(first_.address());
  ASSERT_TRUE(publish());
  http::OutgoingRequest known;
  known.headers = {{"Host", "Shop.elb.localhost:8080"}};
  EXPECT_EQ(send(std::move(known), edge_port_).headers.get("name"), "first");
  http::OutgoingRequest unknown;
  unknown.headers = {{"Host", "other.localhost"}};
  EXPECT_EQ(send(std::move(unknown), edge_port_).status, 404);
}

TEST_F(BalancerTest, WhoConnectsWhileItIsAwayWaitsForTheNext) {
  add_target(first_.address());
  ASSERT_TRUE(publish());
  const uint16_t port = listener_port();
  balancer_.emplace(reactors_, edge_, surroundings(), clock_, random_);
  balancer_->listen_to_health([](const HealthChange&) {});
  std::thread next([this] {
    // Nothing accepts yet, and still nobody is refused.
    EXPECT_TRUE(publish());
  });
  EXPECT_EQ(get("/").status, 200);
  next.join();
  balancer_settings_.listeners.clear();
  ASSERT_TRUE(publish());
  auto refused = async::sync_wait(client_reactor_.at(0),
                                  net::connect_to(client_reactor_.at(0), net::Address::loopback(port), {}));
  EXPECT_FALSE(refused);
}

TEST_F(BalancerTest, RulesComeInTheirOrderAndChangesTakeEffectAtOnce) {
  add_target(first_.address());
  std::vector<Rule>& rules = balancer_settings_.listeners[0].rules;
  Condition path{.field = Condition::Field::Path, .header = {}, .patterns = {"/old*"}, .query = {}};
  Redirect to_new;
  to_new.path = "/new/#{path}";
  to_new.status = 302;
  rules.insert(rules.begin(), {1, {path}, to_new});
  ASSERT_TRUE(publish());
  http::OutgoingRequest request;
  request.target = "/old/1?a=b";
  request.headers = {{"Host", "shop"}};
  http::Response response = send(std::move(request), listener_port());
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(response.headers.get("location"),
            "http://shop:" + std::to_string(listener_port()) + "/new/old/1?a=b");
  EXPECT_EQ(get("/").status, 200);
  rules.begin()->action = FixedResponse{418, "text/plain", "teapot"};
  ASSERT_TRUE(publish());
  EXPECT_EQ(get("/old").body, "teapot");
}

// What a browser would send back of the cookies that a response sets.
std::string cookies_of(const http::Response& response) {
  std::string all;
  for (std::string_view each : response.headers.all("set-cookie")) {
    all += (all.empty() ? "" : "; ") + std::string(each.substr(0, each.find(';')));
  }
  return all;
}

TEST_F(BalancerTest, AClientStaysWithItsTargetByOurCookie) {
  add_target(first_.address());
  add_target(second_.address());
  group_.stickiness = Stickiness();
  ASSERT_TRUE(publish());
  http::Response begun = get("/");
  const std::string cookies = cookies_of(begun);
  EXPECT_TRUE(cookies.starts_with("AWSALB=") && cookies.find("; AWSALBCORS=") != std::string::npos) << cookies;
  const std::string name(begun.headers.get("name"));
  for (int i = 0; i < 6; ++i) {
    http::Response next = get("/", {{"Cookie", cookies}});
    EXPECT_EQ(next.headers.get("name"), name);
    EXPECT_EQ(next.headers.all("set-cookie").size(), 2u) << "each response begins the time anew";
  }
  // One that may not be asked any more is exchanged.
  group_.targets[name == "first" ? 0 : 1].registration = Registration::Draining;
  ASSERT_TRUE(publish());
  EXPECT_NE(get("/", {{"Cookie", cookies}}).headers.get("name"), name);
}

TEST_F(BalancerTest, AClientStaysWithItsTargetByTheApplicationsCookie) {
  add_target(first_.address());
  add_target(second_.address());
  group_.stickiness = Stickiness{.application_cookie = "session"};
  ASSERT_TRUE(publish());
  EXPECT_EQ(cookies_of(get("/")), "") << "the application has not begun a session";
  http::Response begun = get("/login");
  const std::string cookies = cookies_of(begun);
  EXPECT_TRUE(cookies.find("AWSALBAPP-0=") != std::string::npos) << cookies;
  const std::string name(begun.headers.get("name"));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(get("/", {{"Cookie", cookies}}).headers.get("name"), name);
  const std::string without = cookies.substr(cookies.find("AWSALBAPP"));
  const std::string one(get("/", {{"Cookie", without}}).headers.get("name"));
  EXPECT_NE(get("/", {{"Cookie", without}}).headers.get("name"), one) << "the session has ended";
}

TEST_F(BalancerTest, AClientStaysWithItsGroup) {
  add_target(first_.address());
  TargetGroup other = group_;
  other.arn = "other";
  other.targets.front().address = second_.address();
  more_groups_.push_back(other);
  balancer_settings_.listeners[0].rules.back().action =
      Forward{{{"group", 1}, {"other", 1}}, std::chrono::seconds(60)};
  ASSERT_TRUE(publish());
  http::Response begun = get("/");
  const std::string cookies = cookies_of(begun);
  EXPECT_TRUE(cookies.starts_with("AWSALBTG=")) << cookies;
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(get("/", {{"Cookie", cookies}}).headers.get("name"), begun.headers.get("name"));
  }
}

std::shared_ptr<const net::TlsServerContext> server_tls(const Clock& clock, Random& random) {
  auto key = crypto::PrivateKey::generate(crypto::KeyKind::EcP256);
  auto certificate = crypto::issue_authority({.common_name = "nobody's",
                                              .dns_names = {},
                                              .ip_addresses = {},
                                              .not_before = clock.now() - std::chrono::hours(48),
                                              .not_after = clock.now() - std::chrono::hours(24)},
                                             key, random);
  net::TlsServerOptions options;
  options.certificate = *net::TlsCertificate::load({*certificate, key.to_pem()});
  return *net::TlsServerContext::make(std::move(options));
}

TEST_F(BalancerTest, SpeaksTlsToTargetsWhateverTheirCertificates) {
  EchoTarget secure(reactors_, clock_, "secure", server_tls(clock_, random_));
  add_target(secure.address(), Health::Initial);
  group_.protocol = group_.health_check.protocol = TargetProtocol::Https;
  ASSERT_TRUE(publish());
  wait_for(Health::Healthy, "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/").headers.get("name"), "secure");
}

TEST_F(BalancerTest, AListenerSetsHeadersOfResponses) {
  add_target(first_.address());
  Listener& listener = balancer_settings_.listeners[0];
  listener.response_headers = {{"x-frame-options", "DENY"}, {"name", "hidden"}};
  ASSERT_TRUE(publish());
  http::Response target = get("/");
  EXPECT_EQ(target.headers.get("x-frame-options"), "DENY");
  EXPECT_EQ(target.headers.all("name"), std::vector<std::string_view>{"hidden"});
  listener.rules.back().action = FixedResponse{200, "text/plain", "fixed"};
  ASSERT_TRUE(publish());
  EXPECT_EQ(get("/").headers.get("server"), "awselb/2.0");
  listener.server_header = ServerHeader::Omit;
  ASSERT_TRUE(publish());
  http::Response own = get("/");
  EXPECT_FALSE(own.headers.has("server"));
  EXPECT_EQ(own.headers.get("x-frame-options"), "DENY");
}

TEST_F(BalancerTest, CountsConnectionsBytesAndRules) {
  add_target(first_.address());
  Condition path{.field = Condition::Field::Path, .header = {}, .patterns = {"/fixed"}, .query = {}};
  std::vector<Rule>& rules = balancer_settings_.listeners[0].rules;
  rules.insert(rules.begin(), {1, {path}, FixedResponse{503, "text/plain", "busy"}});
  ASSERT_TRUE(publish());
  const std::shared_ptr<const Routing> routing = balancer_->routing();
  LoadBalancerCounters& counters = routing->state_of(routing->config().load_balancers[0])->counters;
  EXPECT_EQ(get("/").status, 200);
  EXPECT_EQ(get("/").status, 200);
  http::OutgoingRequest at_edge;
  at_edge.headers = {{"Host", "shop.elb.localhost"}};
  EXPECT_EQ(send(std::move(at_edge), edge_port_).status, 200);
  EXPECT_EQ(counters.rule_evaluations, 3u);
  EXPECT_GE(counters.connections_open, 1);
  EXPECT_GE(counters.connections_begun, 3u) << "the client's to the listener and the edge, and one to the target";
  const uint64_t before = counters.bytes;
  EXPECT_GT(before, 300u);
  const std::string body(100000, 'x');
  http::OutgoingRequest large;
  large.method = "POST";
  large.body = body;
  EXPECT_EQ(send(std::move(large), listener_port()).status, 200);
  // What is counted at the end of a request may come after its response.
  while (counters.bytes < before + 200000) std::this_thread::yield();
  EXPECT_LT(counters.bytes, before + 202000);
  EXPECT_EQ(get("/fixed").status, 503);
  EXPECT_EQ(counters.own_5xx[3], 1u);
  group_.targets.clear();
  ASSERT_TRUE(publish());
  EXPECT_EQ(get("/").status, 503);
  EXPECT_EQ(counters.own_5xx[3], 2u);
}

TEST_F(BalancerTest, CountsTlsThatCameToNothing) {
  balancer_settings_.listeners[0].tls = ListenerTls{std::make_shared<const net::TlsPolicy>(), {}};
  ASSERT_TRUE(publish());
  const std::shared_ptr<const Routing> routing = balancer_->routing();
  LoadBalancerCounters& counters = routing->state_of(routing->config().load_balancers[0])->counters;
  http::OutgoingRequest plain;
  http::Target to{.address = net::Address::loopback(listener_port())};
  auto refused = async::sync_wait(client_reactor_.at(0), client_->request(std::move(plain), std::move(to)));
  EXPECT_FALSE(refused.has_value());
  while (counters.failed_handshakes == 0) std::this_thread::yield();
}

TEST_F(BalancerTest, AnswersForItselfWhenThereAreTooManyConnectionsToTargets) {
  net::ConnectionRoom none(0);
  Surroundings crowded = surroundings();
  crowded.targets = &none;
  balancer_.reset();
  balancer_.emplace(reactors_, edge_, crowded, clock_, random_);
  balancer_->listen_to_health([](const HealthChange&) {});
  add_target(first_.address());
  ASSERT_TRUE(publish());
  EXPECT_EQ(get("/").status, 503);
  EXPECT_EQ(first_.requests, 0);
}

struct ConditionCase {
  const char* what;
  Condition condition;
  bool expected;
};

bool matches(const Condition& condition, const http::Request& request) {
  const std::vector<Rule> rules = {{.priority = 1, .conditions = {condition}, .action = FixedResponse()}};
  return RuleTable(rules).find(request).rule != nullptr;
}

TEST(Rules, ConditionsMatchAsAwsSays) {
  http::Request request;
  request.method = "GET";
  request.path = "/img/a.png";
  request.query = "Version=2&x";
  request.authority = "WWW.Example.com:8080";
  request.headers = {{"User-Agent", "Chrome 1"}};
  request.peer = *net::Address::parse("10.1.2.3", 5);
  using Field = Condition::Field;
  const ConditionCase kCases[] = {
      {"a path with a wildcard", {Field::Path, "", {"/img/*"}, {}}, true},
      {"paths are case-sensitive", {Field::Path, "", {"/IMG/*"}, {}}, false},
      {"any of the patterns will do", {Field::Path, "", {"/x", "/img/?.png"}, {}}, true},
      {"hosts are not", {Field::Host, "", {"*.example.COM"}, {}}, true},
      {"a header", {Field::Header, "user-agent", {"*chrome*"}, {}}, true},
      {"a header that is missing", {Field::Header, "accept", {"*"}, {}}, false},
      {"a key and a value", {Field::QueryString, "", {}, {}, {{"version", "2"}}}, true},
      {"any key", {Field::QueryString, "", {}, {}, {{"", "3"}}}, false},
      {"methods are exact", {Field::Method, "", {"get"}, {}}, false},
      {"a network", {Field::SourceIp, "", {"10.1.2.0/23"}, {}}, true},
      {"another network", {Field::SourceIp, "", {"10.1.0.0/23"}, {}}, false},
  };
  for (const ConditionCase& each : kCases) {
    EXPECT_EQ(matches(each.condition, request), each.expected) << each.what;
  }
}

TEST(RuleTable, FindsTheFirstThatMatchesAndCountsThoseBefore) {
  auto rule = [](int priority, std::vector<std::string> paths, std::vector<std::string> hosts = {}) {
    Rule made{priority, {}, FixedResponse()};
    if (!paths.empty()) made.conditions.push_back({Condition::Field::Path, "", std::move(paths), {}});
    if (!hosts.empty()) made.conditions.push_back({Condition::Field::Host, "", std::move(hosts), {}});
    return made;
  };
  const std::vector<Rule> rules = {rule(1, {"/service1/*"}),
                                   rule(2, {"/service1"}),
                                   rule(3, {"/img/*", "/images?/*"}),
                                   rule(4, {"/"}),
                                   rule(5, {"*.png"}),
                                   rule(6, {"/a*"}, {"*.Example.com"}),
                                   rule(7, {}, {"b.example.com"}),
                                   rule(8, {"/img", "/x"}),
                                   rule(0, {})};
  const RuleTable table(rules);
  struct Case {
    std::string path, host;
    int priority;
    size_t evaluated;
  };
  for (const Case& each : std::vector<Case>{{"/service1/a", "", 1, 1},
                                            {"/service1", "", 2, 2},
                                            {"/service2", "", 0, 8},
                                            {"/img/b.png", "", 3, 3},
                                            {"/images2/", "", 3, 3},
                                            {"/images/", "", 0, 8},
                                            {"/", "", 4, 4},
                                            {"/service1.png", "", 5, 5},
                                            {"/abc", "A.EXAMPLE.COM:80", 6, 6},
                                            {"/abc", "b.example.com", 6, 6},
                                            {"/b", "B.example.com", 7, 7},
                                            {"/img", "", 8, 8},
                                            {"/x", "", 8, 8}}) {
    http::Request request;
    request.path = each.path;
    request.authority = each.host;
    const RuleTable::Found found = table.find(request);
    ASSERT_NE(found.rule, nullptr) << each.path;
    EXPECT_EQ(found.rule->priority, each.priority) << each.path;
    EXPECT_EQ(found.evaluated, each.evaluated) << each.path;
  }
  const std::vector<Rule> none;
  EXPECT_EQ(RuleTable(none).find(http::Request()).rule, nullptr);
}

}  // namespace
}  // namespace holm::balancer
