// The balancer by itself on loopback, with what bench/balancer.py asks of it, until its input ends.
// Usage: bench_balancer BACKEND_PORT PLAIN_PORT RULES_PORT TLS_PORT MANY_RULES_PORT FOLDER

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/files.h"
#include "base/random.h"
#include "base/system_clock.h"
#include "dataplane/balancer/balancer.h"

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

uint16_t port_of(const char* text) { return static_cast<uint16_t>(std::strtoul(text, nullptr, 10)); }

Rule rule(int priority) {
  Condition path;
  path.patterns = {fmt::format("/service{}/*", priority)};
  return {priority, {path}, FixedResponse{404, "text/plain", "none"}};
}

LoadBalancer load_balancer(const std::string& name, uint16_t port, int rules) {
  LoadBalancer made;
  made.arn = fmt::format("{}loadbalancer/app/{}/0123456789abcdef", kArnStart, name);
  made.host_names = {name + ".elb.localhost"};
  made.addresses = {"127.0.0.1"};
  Listener listener{.arn = made.arn + "/listener", .port = port, .rules = {}};
  for (int i = 1; i <= rules; ++i) listener.rules.push_back(rule(i));
  listener.rules.push_back({0, {}, Forward{{{kGroup, 1}}}});
  made.listeners.push_back(std::move(listener));
  return made;
}

std::shared_ptr<const Config> configuration(char** ports) {
  auto config = std::make_shared<Config>();
  TargetGroup group;
  group.arn = kGroup;
  group.health_check.path = "/1k";
  group.targets.push_back({.id = "127.0.0.1", .address = net::Address::loopback(port_of(ports[0]))});
  group.targets.back().known_health = Health::Healthy;
  config->groups.emplace(kGroup, std::move(group));
  config->load_balancers.push_back(load_balancer("plain", port_of(ports[1]), 0));
  config->load_balancers.push_back(load_balancer("rules", port_of(ports[2]), 20));
  config->load_balancers.back().log_bucket = LogBucket{.name = "logs", .prefix = ""};
  config->load_balancers.push_back(load_balancer("tls", port_of(ports[3]), 0));
  auto policy = std::make_shared<net::TlsPolicy>();
  policy->protocols = {"h2", "http/1.1"};
  config->load_balancers.back().listeners[0].tls = ListenerTls{.policy = policy, .certificates = {kCertificate}};
  config->load_balancers.push_back(load_balancer("many", port_of(ports[4]), 100));
  return config;
}

}  // namespace

int main(int count, char** words) {
  if (count != 7) return 2;
  const std::string folder = words[6];
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
  if (!balancer.publish(configuration(words + 1)).empty()) return 1;
  std::puts("ready");
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}
