// For tests: the balancer in front of two servers on loopback.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "async/sync_wait.h"
#include "base/system_clock.h"
#include "dataplane/balancer/balancer.h"
#include "http/client.h"
#include "http/server.h"
#include "net/socket.h"

namespace holm::balancer {

// A target that says who it is and what it was sent.
inline async::Task<void> echo(http::Exchange& exchange, std::string name, std::atomic<int>& requests,
                       std::atomic<int>& status) {
  const http::Request& request = exchange.request();
  if (request.headers.get("user-agent") != "ELB-HealthChecker/2.0") ++requests;
  auto body = co_await async::read_all(exchange.body(), 16 * 1024 * 1024);
  http::Response response;
  response.status = status;
  for (const http::Header& header : request.headers) {
    if (header.name.starts_with("X-")) response.headers.add("Saw-" + std::string(header.name), header.value);
  }
  response.headers.add("Saw-Host", std::string(request.headers.get("host")));
  response.headers.add("Saw-Connection", std::string(request.headers.get("connection")));
  response.headers.add("Name", name);
  if (request.path == "/login") response.headers.add("Set-Cookie", "session=1; Path=/");
  response.body = request.method + " " + request.target + " " + *body;
  co_await exchange.respond(std::move(response));
}

class EchoTarget {
 public:
  EchoTarget(async::ReactorPool& reactors, const Clock& clock, std::string name,
             std::shared_ptr<const net::TlsServerContext> tls = nullptr)
      : server_(
            reactors, http::Limits{},
            [this, name](http::Exchange& exchange) { return echo(exchange, name, requests, status); },
            clock) {
    Result<UniqueFd> socket = net::listen_on(net::Address::loopback(0));
    address_ = net::local_address(socket->get());
    server_.listen(std::move(*socket), std::move(tls));
  }
  const net::Address& address() const { return address_; }
  void stop() { server_.stop(async::Duration::zero()); }

  std::atomic<int> requests = 0;
  std::atomic<int> status = 200;

 private:
  http::Server server_;
  net::Address address_;
};

// Keeps as the anchor does.
class SocketShelf : public net::SocketKeeper {
 public:
  Result<UniqueFd> open(const std::string& name, const Make& make) override {
    std::lock_guard lock(mutex_);
    UniqueFd& kept = kept_[name];
    if (!kept) {
      auto made = make();
      if (!made) return made;
      kept = std::move(*made);
    }
    return UniqueFd(::dup(kept.get()));
  }
  void retain(std::string_view prefix, const std::set<std::string>& names) override {
    std::lock_guard lock(mutex_);
    std::erase_if(kept_, [&](const auto& each) {
      return each.first.starts_with(prefix) && !names.contains(each.first);
    });
  }

 private:
  std::mutex mutex_;
  std::map<std::string, UniqueFd> kept_;
};

class BalancerTest : public ::testing::Test {
 protected:
  BalancerTest() {
    Result<UniqueFd> socket = net::listen_on(net::Address::loopback(0));
    edge_port_ = net::local_address(socket->get()).port();
    edge_.listen(std::move(*socket));
    balancer_.emplace(reactors_, edge_, surroundings(), clock_, random_);
    balancer_->listen_to_health([this](const HealthChange& change) {
      std::lock_guard lock(mutex_);
      changes_.push_back(change);
      changed_.notify_all();
    });
    group_.arn = "group";
    group_.health_check.interval = async::Duration(20);
    group_.health_check.timeout = async::Duration(5000);
    balancer_settings_.arn = "balancer";
    balancer_settings_.host_names = {"shop.elb.localhost"};
    balancer_settings_.addresses = {"127.0.0.1"};
    Listener listener{.arn = "listener", .port = free_port(), .rules = {}};
    listener.rules.push_back({0, {}, Forward{{{"group", 1}}}});
    balancer_settings_.listeners.push_back(listener);
    client_reactor_.at(0).call([this] { client_.emplace(client_reactor_.at(0)); });
  }
  ~BalancerTest() override {
    client_reactor_.at(0).call([this] { client_.reset(); });
  }

  Surroundings surroundings() { return {.sockets = sockets_, .certificates = certificates_}; }
  static uint16_t free_port() {
    Result<UniqueFd> socket = net::listen_on(net::Address::loopback(0));
    return net::local_address(socket->get()).port();
  }
  void add_target(const net::Address& address, Health known = Health::Healthy) {
    Target target{.id = "127.0.0.1", .address = address};
    target.known_health = known;
    group_.targets.push_back(target);
  }
  bool publish() {
    auto config = std::make_shared<Config>();
    config->load_balancers.push_back(balancer_settings_);
    config->groups.emplace("group", group_);
    for (const TargetGroup& each : more_groups_) config->groups.emplace(each.arn, each);
    return balancer_->publish(std::move(config)).empty();
  }
  uint16_t listener_port() const { return balancer_settings_.listeners[0].port; }
  http::Response send(http::OutgoingRequest request, uint16_t port) {
    http::Target to{.address = net::Address::loopback(port)};
    Result<http::Response> response =
        async::sync_wait(client_reactor_.at(0), client_->request(std::move(request), std::move(to)));
    if (response) return std::move(*response);
    ADD_FAILURE() << response.error().message;
    return {};
  }
  http::Response get(std::string target, http::Headers headers = {}) {
    http::OutgoingRequest request;
    request.target = std::move(target);
    request.headers = std::move(headers);
    return send(std::move(request), listener_port());
  }
  HealthChange wait_for(Health health, std::string reason) {
    std::unique_lock lock(mutex_);
    HealthChange found;
    bool came = changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      for (const HealthChange& each : changes_) {
        if (each.health == health && each.reason == reason) found = each;
      }
      return !found.group_arn.empty();
    });
    EXPECT_TRUE(came) << reason;
    return found;
  }

  SystemClock clock_;
  SystemRandom random_;
  async::ReactorPool client_reactor_{1, clock_};
  std::optional<http::Client> client_;
  async::ReactorPool reactors_{2, clock_};
  Edge edge_{reactors_, clock_};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HealthChange> changes_;
  TargetGroup group_;
  std::vector<TargetGroup> more_groups_;
  LoadBalancer balancer_settings_;
  EchoTarget first_{reactors_, clock_, "first"};
  EchoTarget second_{reactors_, clock_, "second"};
  uint16_t edge_port_ = 0;
  SocketShelf sockets_;
  net::CertificateDirectory certificates_;
  std::optional<Balancer> balancer_;
};

}  // namespace holm::balancer
