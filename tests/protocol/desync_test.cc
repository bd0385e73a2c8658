// AWS's cases of requests that two recipients may read differently, sent to a load balancer in each of its modes.
// The target is a server that refuses whatever deviates, so what it takes, everybody reads alike.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>

#include "base/strings.h"
#include "base/system_clock.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/desync.h"
#include "formats/yaml.h"
#include "http/head_parser.h"
#include "http/server.h"
#include "net/socket.h"

namespace holm::test {
namespace {

using balancer::DesyncMitigation;
using formats::Value;

std::optional<std::filesystem::path> find_cases() {
  std::vector<std::filesystem::path> places;
  if (const char* given = std::getenv("HOLM_VECTORS")) places.emplace_back(given);
  for (const char* up : {"../shared", "../../shared", "../../../shared", "../../../../shared"}) {
    places.push_back(std::filesystem::current_path() / up / "vectors");
  }
  for (const auto& place : places) {
    if (std::filesystem::exists(place / "desync")) return place / "desync";
  }
  return std::nullopt;
}

// A case as bytes, and what AWS says of its parts.
struct Case {
  std::string name;
  std::string bytes;
  std::string safety;
  std::string reason;
};

std::string text_of(const Value* value) {
  if (!value) return {};
  if (const std::string* text = value->as_string()) return *text;
  if (const auto* number = std::get_if<Value::Number>(&value->data)) return number->text;
  if (const auto* integer = std::get_if<int64_t>(&value->data)) return std::to_string(*integer);
  return {};
}

std::vector<Case> read_cases(const std::filesystem::path& folder) {
  std::vector<Case> cases;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto parsed = formats::parse_yaml(text);
    EXPECT_TRUE(parsed) << entry.path() << ": " << parsed.error().message;
    if (!parsed) continue;
    for (const Value& each : *parsed->as_array()) {
      Case made{.name = entry.path().stem().string() + ": " + text_of(each.find("name")),
                .bytes = text_of(each.find("method")) + " " + text_of(each.find("uri")) + " " +
                         text_of(each.find("version")) + "\r\n",
                .safety = text_of(each.find("expected")->find("tier")),
                .reason = text_of(each.find("expected")->find("reason"))};
      bool has_host = false;
      if (const Value* listed = each.find("headers"); listed && listed->as_array()) {
        for (const Value& header : *listed->as_array()) {
          const std::string name = text_of(header.find("name"));
          has_host = has_host || name == "Host";
          made.bytes.append(name).append(":").append(text_of(header.find("value"))).append("\r\n");
        }
      }
      made.bytes += has_host ? "\r\n" : "Host: localhost\r\n\r\n";
      cases.push_back(std::move(made));
    }
  }
  return cases;
}

struct Judged {
  http::Deviations deviations;
  balancer::Classification classification;
  std::string body;  // As long as the load balancer takes it to be.
};

Judged judged(const Case& each) {
  http::HeadParser parser(http::HeadKind::Request, {});
  EXPECT_EQ(parser.parse(each.bytes), http::HeadState::Complete);
  const http::Head& head = parser.head();
  std::string body;
  if (head.framing == http::Framing::Chunked) body = "0\r\n\r\n";
  if (head.framing == http::Framing::Length && head.length < 5'000'000) body.assign(head.length, 'x');
  return {head.deviations, balancer::classify(head.deviations), std::move(body)};
}

// Where the parts of a case, put together as bytes, are another request than the parts are.
bool is_another_as_bytes(const Case& each, const Judged& judged) {
  // A line that begins with a space continues the one before it, a line feed ends a line, and a request line
  // with two parts is one of HTTP/0.9.
  return judged.deviations.any_of({http::Deviation::ObsFold, http::Deviation::BareLf}) ||
         each.bytes.starts_with("GET  HTTP/1.1\r\n") ||
         each.bytes.starts_with("GET /endpoint_a\tHTTP/1.1\r\n");
}

class NoShelf : public net::SocketKeeper {
 public:
  Result<UniqueFd> open(const std::string&, const Make& make) override { return make(); }
  void retain(std::string_view, const std::set<std::string>&) override {}
};

struct Seen {
  std::string method;
  uint16_t port = 0;  // Of the balancer's end of the connection.
  size_t body_bytes = 0;
};

class DesyncVectors : public ::testing::Test {
 protected:
  DesyncVectors() {
    Result<UniqueFd> socket = net::listen_on(net::Address::loopback(0));
    target_address_ = net::local_address(socket->get());
    target_.listen(std::move(*socket));
    Result<UniqueFd> probe = net::listen_on(net::Address::loopback(0));
    listener_ = net::local_address(probe->get());
    if (auto folder = find_cases()) cases_ = read_cases(*folder);
  }

  void publish(DesyncMitigation mode) {
    auto config = std::make_shared<balancer::Config>();
    balancer::Target target{.id = "127.0.0.1", .address = target_address_};
    target.known_health = balancer::Health::Healthy;
    balancer::TargetGroup group{.arn = "group", .targets = {target}};
    group.health_check.interval = std::chrono::hours(1);
    balancer::LoadBalancer own{.arn = "balancer", .host_names = {}, .vpc_id = {}, .addresses = {"127.0.0.1"}};
    balancer::Listener listener{.arn = "listener", .port = listener_.port(), .tls = std::nullopt, .rules = {}};
    listener.rules.push_back({0, {}, balancer::Forward{{{"group", 1}}, std::nullopt}});
    own.listeners.push_back(std::move(listener));
    own.desync_mitigation = mode;
    config->load_balancers.push_back(std::move(own));
    config->groups.emplace("group", std::move(group));
    ASSERT_TRUE(balancer_.publish(std::move(config)).empty());
    seen();
  }

  // Everything that comes until the other side ends the connection.
  std::string exchange(const std::string& bytes) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage;
    const auto size = static_cast<socklen_t>(listener_.to_sockaddr(storage));
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&storage), size), 0);
    const timeval patience{10, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t count = ::send(socket.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) break;
      sent += static_cast<size_t>(count);
    }
    ::shutdown(socket.get(), SHUT_WR);
    std::string answer;
    char buffer[4096];
    ssize_t count;
    while ((count = ::recv(socket.get(), buffer, sizeof buffer, 0)) > 0) {
      answer.append(buffer, static_cast<size_t>(count));
    }
    EXPECT_GE(count, 0) << "the connection stays open or breaks";
    return answer;
  }

  std::vector<Seen> seen() {
    std::lock_guard lock(mutex_);
    return std::exchange(seen_, {});
  }

  void check(const Case& each, DesyncMitigation mode);

  static async::Task<void> take(http::Exchange& exchange, DesyncVectors& test) {
    auto body = co_await async::read_all(exchange.body(), 8 * 1024 * 1024);
    if (exchange.request().headers.get("user-agent") != "ELB-HealthChecker/2.0") {
      std::lock_guard lock(test.mutex_);
      test.seen_.push_back({exchange.request().method, exchange.request().peer.port(), body->size()});
    }
    http::Response response;
    response.body = "taken";
    co_await exchange.respond(std::move(response));
  }

  SystemClock clock_;
  SystemRandom random_;
  async::ReactorPool reactors_{2, clock_};
  std::mutex mutex_;
  std::vector<Seen> seen_;
  std::set<uint16_t> closed_ports_;
  http::Server target_{reactors_, http::Limits{},
                       [this](http::Exchange& exchange) { return take(exchange, *this); }, clock_};
  net::Address target_address_;
  net::Address listener_;
  NoShelf shelf_;
  net::CertificateDirectory certificates_;
  balancer::Edge edge_{reactors_, clock_};
  balancer::Balancer balancer_{
      reactors_, edge_, {.sockets = shelf_, .certificates = certificates_}, clock_, random_};
  std::vector<Case> cases_;
};

enum class Fate { Passed, PassedAndClosed, Refused };

// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#desync-mitigation-mode
Fate wanted_fate(const Judged& judged, DesyncMitigation mode) {
  using http::Deviation;
  constexpr http::Deviations kNothingToPassOn = {
      Deviation::BadMethod,        Deviation::BadTarget,          Deviation::BadVersion,
      Deviation::SeveralVersions,  Deviation::BadTransferEncoding, Deviation::UnsupportedCoding,
      Deviation::BadContentLength, Deviation::NoHost,
  };
  if (judged.deviations.any_of(kNothingToPassOn)) return Fate::Refused;
  const std::string_view safety = name_of(judged.classification.safety);
  if (safety == "-") return Fate::Passed;
  if (mode == DesyncMitigation::Strictest) return Fate::Refused;
  if (safety == "Severe") return mode == DesyncMitigation::Monitor ? Fate::PassedAndClosed : Fate::Refused;
  const bool closes = safety == "Ambiguous" && mode == DesyncMitigation::Defensive;
  return closes ? Fate::PassedAndClosed : Fate::Passed;
}

void DesyncVectors::check(const Case& each, DesyncMitigation mode) {
  const Judged own = judged(each);
  Fate wanted = wanted_fate(own, mode);
  // A client of HTTP/1.0 or before has its connection closed anyway, unless it asks to keep it.
  const bool is_old = own.deviations.any_of({http::Deviation::NoVersion, http::Deviation::Http09}) ||
                      (each.bytes.find(" HTTP/1.0\r\n") < each.bytes.find('\n') &&
                       each.bytes.find("keep-alive") == std::string::npos);
  if (wanted == Fate::Passed && is_old) wanted = Fate::PassedAndClosed;
  const std::string second = "GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string answer = exchange(each.bytes + own.body + second);
  const std::vector<Seen> reached = seen();
  for (const Seen& request : reached) {
    EXPECT_FALSE(closed_ports_.contains(request.port)) << "the target's connection is used again";
  }
  if (wanted == Fate::Refused) {
    EXPECT_TRUE(reached.empty()) << answer;
    const bool is_refusal = answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 501 ");
    EXPECT_TRUE(is_refusal) << answer;
    EXPECT_EQ(answer.rfind("HTTP/1.1 "), 0u) << "a second answer: " << answer;
    return;
  }
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_EQ(reached.size(), wanted == Fate::Passed ? 2u : 1u) << answer;
  if (reached.empty()) return;
  EXPECT_EQ(reached[0].method, each.bytes.substr(0, each.bytes.find(' ')));
  if (wanted == Fate::PassedAndClosed && !is_old) {
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
    closed_ports_.insert(reached[0].port);
  }
}

TEST_F(DesyncVectors, AreClassifiedAsAwsDoes) {
  if (cases_.empty()) GTEST_SKIP() << "the desync cases are not here; HOLM_VECTORS names their folder";
  EXPECT_GT(cases_.size(), 150u);
  int others = 0;
  for (const Case& each : cases_) {
    SCOPED_TRACE(each.name);
    const Judged own = judged(each);
    if (is_another_as_bytes(each, own)) {
      // Never read more kindly than its parts.
      const bool is_severe = own.classification.safety == balancer::Safety::Severe;
      EXPECT_TRUE(is_severe || name_of(own.classification.safety) == each.safety ||
                  own.classification.reason == "AmbiguousUri");
      ++others;
      continue;
    }
    EXPECT_EQ(name_of(own.classification.safety), each.safety == "Compliant" ? "-" : each.safety);
    EXPECT_EQ(own.classification.reason, each.reason == "Compliant" ? "" : each.reason);
  }
  EXPECT_LE(others, 16);
}

TEST_F(DesyncVectors, GoWhereTheModeLetsThem) {
  if (cases_.empty()) GTEST_SKIP() << "the desync cases are not here; HOLM_VECTORS names their folder";
  for (DesyncMitigation mode :
       {DesyncMitigation::Monitor, DesyncMitigation::Defensive, DesyncMitigation::Strictest}) {
    publish(mode);
    for (const Case& each : cases_) {
      SCOPED_TRACE(each.name + ", mode " + std::to_string(static_cast<int>(mode)));
      check(each, mode);
    }
  }
}

}  // namespace
}  // namespace holm::test
