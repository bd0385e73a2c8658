// Passage: one request on its way to a target, and the response on its way back.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "async/task.h"
#include "dataplane/balancer/access_log.h"
#include "dataplane/balancer/cookies.h"
#include "dataplane/balancer/forwarded_head.h"
#include "dataplane/balancer/routing.h"
#include "dataplane/balancer/upstream.h"
#include "http/head_parser.h"
#include "http/server.h"

namespace holm::balancer {

// Lives in the coroutine that serves the exchange.
class Passage final {
 public:
  struct Context {
    http::Exchange& exchange;
    UpstreamPool& pool;
    const LoadBalancer& load_balancer;
    const net::Address& source;  // Of connections to targets.
    std::shared_ptr<LoadBalancerState> state;
    LoadBalancerCounters& counters;  // Its own.
    const RoutedGroup& group;
    const Listener& listener;
    uint16_t visible_port;  // The one that the client has come to.
    std::string trace_root;
    const CookieJar& cookies;
    Random& random;
    std::string group_cookie;  // To be set with the response; empty: none.
    std::chrono::seconds group_cookie_duration{};
    bool closes = false;  // The connection to the target is for this request only.
    Story& story;
    // Set where the rule changes requests: what the target gets instead.
    std::unique_ptr<const http::Request> rewritten = nullptr;

    // What its target is told.
    RequestHead request_head(std::optional<uint64_t> body_length) const {
      const http::Request& request = rewritten ? *rewritten : exchange.request();
      return {request, load_balancer, listener, visible_port, trace_root, body_length};
    }
    // The load balancer's own answer, counted as such.
    async::Task<void> respond_error(int status);
  };
  explicit Passage(Context context);
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

  // Responds, whatever happens to the targets.
  async::Task<void> run();

 private:
  // What came of a target.
  enum class Outcome : uint8_t {
    Responded,
    NoRoom,  // There are as many connections to targets as there can be.
    NotConnected,
    ConnectTimedOut,
    Stale,  // A kept connection was closed before it gave a byte of a response.
    Broke,  // A new one likewise.
    TimedOut,
    BadResponse,
  };
  enum class Kept : uint8_t { Allowed, Never };

  Route route_to(const RoutedTarget& target) const;
  async::Task<std::expected<std::unique_ptr<Connection>, Outcome>> connect_to(Route route);
  async::Task<Outcome> attempt(const RoutedTarget& target, Kept kept);
  // Likewise, of targets that speak HTTP/2.
  async::Task<Outcome> attempt_call(const RoutedTarget& target, Kept kept);
  async::Task<Outcome> call(std::shared_ptr<http::Http2Client> client, bool is_kept);
  async::Task<void> respond(http::Http2Call& call, const bool& is_sent);
  async::Task<Outcome> exchange_with(std::unique_ptr<Connection> connection);
  async::Task<http::Sent> send_request(Connection& connection);
  async::Task<http::Sent> send_body(Connection& connection, bool chunked);
  async::Task<Outcome> read_response_head(Connection& connection, http::HeadParser& parser);
  async::Task<Outcome> respond(std::unique_ptr<Connection> connection, const http::Head& head,
                               http::Sent sent);
  async::Task<void> open_tunnel(std::unique_ptr<Connection> connection, const http::Head& head);
  // The target that the client's cookie speaks of, if it may be used.
  const RoutedTarget* find_sticky_target() const;
  const RoutedTarget* find_target_of_first_cookie() const;
  void add_first_cookies(http::Headers& headers) const;
  void add_cookies(http::Headers& headers) const;
  bool may_repeat() const;
  void count_invalid_headers();

  Context context_;
  const RoutedTarget* target_ = nullptr;  // The one that is tried.
  bool body_begun_ = false;
};

// The cookie that keeps the client with its group, if there is one.
void add_group_cookie(const Passage::Context& context, http::Headers& headers);

}  // namespace holm::balancer
