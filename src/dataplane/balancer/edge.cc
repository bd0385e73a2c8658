// The table of names is immutable and replaced as a whole.

#include "dataplane/balancer/edge.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/strings.h"
#include "dataplane/balancer/forwarded_head.h"
#include "http/strict_policy.h"

namespace holm::balancer {

namespace {

using Table = std::map<std::string, Edge::Routes, std::less<>>;

const Edge::Route* find_exactly(const Table& table, std::string_view name) {
  for (const auto& [owner, routes] : table) {
    auto found = routes.find(name);
    if (found != routes.end()) return &found->second;
  }
  return nullptr;
}

const Edge::Route* find_route(const Table& table, std::string_view host) {
  if (const Edge::Route* found = find_exactly(table, host)) return found;
  const size_t dot = host.find('.');
  if (dot == std::string_view::npos) return nullptr;
  return find_exactly(table, "*" + std::string(host.substr(dot)));
}

http::Response unknown_host(const std::string& host) {
  http::Response response;
  response.status = 404;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = fmt::format("Nothing in this region answers for the name \"{}\".\n", host);
  return response;
}

}  // namespace

HostAndPort split_host(std::string_view authority) {
  HostAndPort result;
  size_t colon = authority.rfind(':');
  // The colons inside [::1] are none of a port.
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    std::optional<long long> port = parse_integer(authority.substr(colon + 1));
    if (port && *port > 0 && *port < 65536) result.port = static_cast<uint16_t>(*port);
    authority = authority.substr(0, colon);
  }
  if (authority.ends_with('.')) authority.remove_suffix(1);
  result.host = to_lower(authority);
  return result;
}

Edge::Edge(async::ReactorPool& reactors, const Clock& clock, net::ConnectionRoom* clients)
    : table_(std::make_shared<const Table>()),
      server_(
          reactors, http::Limits{.deviant = http::Deviant::HandOver},
          [this](http::Exchange& exchange) { return serve(exchange); }, clock, reception(clients)) {}

Edge::~Edge() = default;

http::Reception Edge::reception(net::ConnectionRoom* clients) {
  http::Reception reception{.room = clients};
  reception.failed_handshake = [this](std::string_view server_name) {
    std::shared_ptr<const Table> known = table();
    const Route* route = find_route(*known, server_name);
    if (route && route->failed_handshake) route->failed_handshake();
  };
  // Nobody knows yet whose a head is that cannot be read.
  reception.refusal = [](const http::Request&, http::Missing, int status) { return error_response(status); };
  return reception;
}

std::shared_ptr<const Edge::Table> Edge::table() const {
  std::lock_guard lock(mutex_);
  return table_;
}

void Edge::publish(const std::string& owner, Routes routes) {
  std::lock_guard lock(mutex_);
  auto next = std::make_shared<Table>(*table_);
  (*next)[owner] = std::move(routes);
  table_ = std::move(next);
}

int Edge::listen(UniqueFd socket) { return server_.listen(std::move(socket)); }

void Edge::stop_listening(int socket) { server_.stop_listening(socket); }

net::TlsAnswer Edge::answer(std::string_view server_name) const {
  std::shared_ptr<const Table> known = table();
  const Route* route = find_route(*known, server_name);
  return route && route->answer ? route->answer(server_name) : net::TlsAnswer();
}

int Edge::listen_secure(UniqueFd socket) {
  net::TlsServerOptions options;
  options.answer = [this](std::string_view server_name) { return answer(server_name); };
  auto context = net::TlsServerContext::make(std::move(options));
  CHECK(context.has_value());
  return server_.listen(std::move(socket), std::move(*context));
}

void Edge::stop(async::Duration grace) { server_.stop(grace); }

async::Task<void> Edge::serve(http::Exchange& exchange) {
  std::string host = split_host(exchange.request().authority).host;
  http::Handler handler;
  http::Deviant deviant = http::Deviant::Refuse;
  if (const Route* found = find_route(*table(), host)) {
    handler = found->handler;
    deviant = found->deviant;
  } else if (others_.owns && others_.owns(exchange.request().authority)) {
    handler = others_.handler;
  }
  std::optional<int> refusal;
  if (deviant == http::Deviant::Refuse) refusal = http::refusal_of(exchange.request().deviations);
  if (refusal) {
    http::Response response = error_response(*refusal);
    exchange.close_after_response();
    co_await exchange.respond(std::move(response));
    co_return;
  }
  if (handler) {
    co_await handler(exchange);
    co_return;
  }
  http::Response response = unknown_host(host);
  co_await exchange.respond(std::move(response));
}

}  // namespace holm::balancer
