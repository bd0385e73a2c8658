// The balancer by itself on loopback, with what benchmarks and tests of its paths ask of it, until its input ends.
// Usage: bench_balancer FOLDER target=PORT [plain=PORT] [rules=PORT] [tls=PORT] [many=PORT] [idle=MILLISECONDS]
// FOLDER has certificate.pem and key.pem. Each listener is a load balancer's of its own. A line "change" on the
// input changes what the first of the many rules answers, 404 or 410, and is answered "changed". A line "count" is
// answered with the nanoseconds that it takes to count what is counted of a request for metrics.

#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <span>

#include "base/files.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/system_clock.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/counters.h"

namespace {

using namespace holm;
using namespace holm::balancer;

constexpr char kArnStart[] = "arn:aws:elasticloadbalancing:us-east-1:123456789012:";
constexpr char kGroup[] = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/bench/0123456789abcdef";
constexpr char kCertificate[] = "arn:aws:acm:us-east-1:123456789012:certificate/bench";

// Sockets that live as long as this process.
class OwnSockets final : public net::SocketKeeper {
 public:
  Result<UniqueFd> open(const std::string&, const Make& make) override { return make(); }
  void retain(std::string_view, const std::set<std::string>&) override {}
};

// What the words say: "plain=8080".
class Options final {
 public:
  explicit Options(std::span<char*> words) {
    for (const std::string_view word : words) {
      const size_t equals = word.find('=');
      if (equals != std::string_view::npos) values_[std::string(word.substr(0, equals))] = word.substr(equals + 1);
    }
  }
  uint16_t port(const std::string& name) const { return static_cast<uint16_t>(number(name).value_or(0)); }
  std::optional<long long> number(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : parse_integer(found->second);
  }

 private:
  std::map<std::string, std::string_view> values_;
};

Rule rule(int priority, int status) {
  Condition path;
  path.patterns = {fmt::format("/service{}/*", priority)};
  return {priority, {path}, FixedResponse{status, "text/plain", "none"}};
}

LoadBalancer load_balancer(const std::string& name, const Options& options, int rules, int first_status = 404) {
  const uint16_t port = options.port(name);
  LoadBalancer made;
  // As the proxies beside it.
  made.host_header = HostHeader::Preserve;
  made.idle_timeout = async::Duration(options.number("idle").value_or(60000));
  made.arn = fmt::format("{}loadbalancer/app/{}/0123456789abcdef", kArnStart, name);
  made.host_names = {name + ".elb.localhost"};
  made.addresses = {"127.0.0.1"};
  Listener listener{.arn = made.arn + "/listener", .port = port, .rules = {}};
  for (int i = 1; i <= rules; ++i) listener.rules.push_back(rule(i, i == 1 ? first_status : 404));
  listener.rules.push_back({0, {}, Forward{{{kGroup, 1}}}});
  made.listeners.push_back(std::move(listener));
  return made;
}

std::shared_ptr<const Config> configuration(const Options& options, int first_status) {
  auto config = std::make_shared<Config>();
  TargetGroup group;
  group.arn = kGroup;
  group.health_check.checking = Checking::Off;
  group.targets.push_back({.id = "127.0.0.1", .address = net::Address::loopback(options.port("target"))});
  group.targets.back().known_health = Health::Healthy;
  config->groups.emplace(kGroup, std::move(group));
  auto add = [&](LoadBalancer made) {
    if (made.listeners[0].port != 0) config->load_balancers.push_back(std::move(made));
  };
  add(load_balancer("plain", options, 0));
  LoadBalancer logging = load_balancer("rules", options, 20);
  logging.log_bucket = LogBucket{.name = "logs", .prefix = ""};
  add(std::move(logging));
  LoadBalancer secure = load_balancer("tls", options, 0);
  auto policy = std::make_shared<net::TlsPolicy>();
  policy->protocols = {"h2", "http/1.1"};
  secure.listeners[0].tls = ListenerTls{.policy = policy, .certificates = {kCertificate}};
  add(std::move(secure));
  add(load_balancer("many", options, 100, first_status));
  return config;
}

// What is counted of a request that a target answers, so often that it can be timed.
double nanoseconds_to_count(const Clock& clock) {
  constexpr int kTimes = 10'000'000;
  auto balancer = std::make_unique<LoadBalancerCounters>();
  auto group = std::make_unique<GroupCounters>();
  const SteadyTime begun = clock.steady();
  for (int i = 0; i < kTimes; ++i) {
    count(balancer->requests);
    add(balancer->rule_evaluations, 20);
    add(balancer->bytes, 2000);
    count(group->requests);
    group->target_response_time.add(std::chrono::nanoseconds(i));
    count_status(group->target_statuses, 200);
  }
  const std::chrono::duration<double, std::nano> taken = clock.steady() - begun;
  return taken.count() / kTimes;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) return 2;
  const std::string folder = words[1];
  const Options options(std::span(words + 2, static_cast<size_t>(count - 2)));
  SystemClock clock;
  SystemRandom random;
  OwnSockets sockets;
  net::CertificateDirectory certificates;
  auto certificate = net::TlsCertificate::load({read_file(folder + "/certificate.pem").value_or(""),
                                                read_file(folder + "/key.pem").value_or("")});
  if (!certificate) return 2;
  certificates.publish(kCertificate, {.certificate = *certificate, .names = {"bench.test"}});
  async::ReactorPool reactors(1, clock);
  Edge edge(reactors, clock);
  Surroundings surroundings{.sockets = sockets, .certificates = certificates};
  surroundings.access_log_folder = folder + "/logs";
  Balancer balancer(reactors, edge, surroundings, clock, random);
  balancer.listen_to_health([](const HealthChange&) {});
  int first_status = 404;
  if (!balancer.publish(configuration(options, first_status)).empty()) return 1;
  std::puts("ready");
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "count") fmt::print("{:.1f}\n", nanoseconds_to_count(clock));
    std::fflush(stdout);
    if (line != "change") continue;
    first_status = first_status == 404 ? 410 : 404;
    if (!balancer.publish(configuration(options, first_status)).empty()) return 1;
    std::puts("changed");
    std::fflush(stdout);
  }
  return 0;
}
