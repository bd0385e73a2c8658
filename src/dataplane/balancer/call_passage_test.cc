// Requests over HTTP/2 on both sides of the balancer: calls, what both sides say at the same time, and health.

#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "async/sync_wait.h"
#include "base/system_clock.h"
#include "crypto/certificate.h"
#include "dataplane/balancer/balancer.h"
#include "dataplane/balancer/routing.h"
#include "http/http2_client.h"
#include "http/server.h"
#include "net/socket.h"

namespace holm::balancer {
namespace {

constexpr async::Duration kPatience{20000};

class OwnSockets final : public net::SocketKeeper {
 public:
  Result<UniqueFd> open(const std::string&, const Make& make) override { return make(); }
  void retain(std::string_view, const std::set<std::string>&) override {}
};

std::shared_ptr<const net::TlsCertificate> certificate(const Clock& clock, Random& random) {
  auto key = crypto::PrivateKey::generate(crypto::KeyKind::EcP256);
  auto issued = crypto::issue_authority({.common_name = "nobody's",
                                         .dns_names = {},
                                         .ip_addresses = {},
                                         .not_before = clock.now() - std::chrono::hours(1),
                                         .not_after = clock.now() + std::chrono::hours(1)},
                                        key, random);
  return *net::TlsCertificate::load({*issued, key.to_pem()});
}

// Says each piece of the request's body again as it comes, then how many there were.
class Echo final : public async::ByteSource {
 public:
  explicit Echo(http::Exchange& exchange) : exchange_(exchange) {}
  async::Task<std::string_view> read() override {
    std::string_view piece = co_await exchange_.body().read();
    pieces_ += piece.empty() ? 0 : 1;
    if (piece.empty()) {
      trailers.add("grpc-status", std::to_string(pieces_));
      for (const http::Header& each : exchange_.trailers()) {
        trailers.add("asked-" + std::string(each.name), each.value);
      }
    }
    co_return piece;
  }
  std::optional<uint64_t> length() const override { return std::nullopt; }
  http::Headers trailers;

 private:
  http::Exchange& exchange_;
  int pieces_ = 0;
};

async::Task<void> answer(http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  http::Response response;
  response.headers.add("Saw", request.method + " " + request.target + " " + request.authority);
  response.headers.add("Saw-Forwarded", std::string(request.headers.get("x-forwarded-proto")));
  response.headers.add("Saw-Te", std::string(request.headers.get("te")));
  if (request.path == "/plain") {
    response.body = std::string(300000, 'x');
  } else if (request.path == "/none") {
    response.status = 204;
  } else if (request.path == "/fails") {
    throw std::runtime_error("on purpose");
  } else {
    auto echo = std::make_unique<Echo>(exchange);
    response.trailers = &echo->trailers;
    response.body_stream = std::move(echo);
    response.is_early = true;
  }
  co_await exchange.respond(std::move(response));
}

class Calls : public ::testing::Test {
 protected:
  Calls() {
    certificates_.publish("certificate", {.certificate = certificate_, .names = {"a.test"}});
    net::TlsServerOptions options;
    options.certificate = certificate_;
    options.policy.protocols = {"h2"};
    auto context = net::TlsServerContext::make(std::move(options));
    Result<UniqueFd> socket = net::listen_on(net::Address::loopback(0));
    group_.arn = "group";
    group_.protocol = group_.health_check.protocol = TargetProtocol::Https;
    group_.version = group_.health_check.version = TargetVersion::Grpc;
    group_.health_check.interval = async::Duration(20);
    group_.health_check.path = "/test.Service/Check";
    // The message without a byte is one piece.
    group_.health_check.matcher = {StatusRange{1, 1}};
    group_.targets.push_back({.id = "one", .address = net::local_address(socket->get())});
    target_.listen(std::move(*socket), *context);
    balancer_.listen_to_health([this](const HealthChange& change) {
      std::lock_guard lock(mutex_);
      changes_.push_back(change);
      changed_.notify_all();
    });
    Result<UniqueFd> free = net::listen_on(net::Address::loopback(0));
    Listener listener{.arn = "listener", .port = net::local_address(free->get()).port(), .rules = {}};
    auto policy = std::make_shared<net::TlsPolicy>();
    policy->protocols = {"h2", "http/1.1"};
    listener.tls = ListenerTls{.policy = policy, .certificates = {"certificate"}};
    listener.rules.push_back({0, {}, Forward{{{"group", 1}}}});
    own_.arn = "balancer";
    own_.addresses = {"127.0.0.1"};
    own_.listeners.push_back(std::move(listener));
  }
  ~Calls() override {
    reactor().call([this] { client_.reset(); });
  }

  void publish() {
    auto config = std::make_shared<Config>();
    config->load_balancers.push_back(own_);
    config->groups.emplace("group", group_);
    ASSERT_TRUE(balancer_.publish(std::move(config)).empty());
    async::sync_wait(reactor(), connect());
  }
  HealthChange next_change() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return !changes_.empty(); }));
    return changes_.empty() ? HealthChange() : changes_.back();
  }
  async::Reactor& reactor() { return reactors_.at(0); }
  async::Task<void> connect() {
    const net::Address address = net::Address::loopback(own_.listeners[0].port);
    Result<UniqueFd> socket = co_await net::connect_to(reactor(), address, {});
    auto context =
        net::TlsClientContext::make({.check = net::PeerCheck::None, .authorities = {}, .protocols = {"h2"}});
    auto session = (*context)->connect(socket->get(), "a.test");
    auto stream = std::make_unique<net::Stream>(reactor(), std::move(*socket), std::move(session));
    co_await stream->shake_hands(kPatience);
    client_ = http::Http2Client::make(std::move(stream));
  }
  static http::Http2RequestHead head(std::string path, std::string method = "POST") {
    return {.method = std::move(method),
            .scheme = "https",
            .authority = "a.test",
            .path = std::move(path),
            .headers = {{"content-type", "application/grpc"}, {"te", "trailers"}}};
  }
  // "200 300000": the status and how many bytes there were.
  async::Task<std::string> ask(http::Http2RequestHead asked) {
    std::unique_ptr<http::Http2Call> call = client_->begin(asked, http::RequestBody::None);
    const http::Http2Call::Answer answer = co_await call->answer(kPatience);
    if (answer != http::Http2Call::Answer::Head) co_return "none";
    saw_ = call->headers();
    size_t bytes = 0;
    while (true) {
      Result<std::string_view> piece = co_await call->next(kPatience);
      if (!piece) co_return "broken";
      if (piece->empty()) break;
      bytes += piece->size();
    }
    co_return std::to_string(call->status()) + " " + std::to_string(bytes);
  }
  // A word, its echo, another word, its echo: neither side waits for the other's end.
  async::Task<std::string> converse() {
    const http::Http2RequestHead asked = head("/test.Service/Echo");
    std::unique_ptr<http::Http2Call> call = client_->begin(asked, http::RequestBody::Follows);
    std::string told;
    for (const char* word : {"one", "two"}) {
      const http::Sent sent = co_await call->send(word, kPatience);
      if (sent != http::Sent::Done) co_return "not sent";
      const http::Http2Call::Answer answer = co_await call->answer(kPatience);
      if (answer != http::Http2Call::Answer::Head) co_return "no answer";
      Result<std::string_view> piece = co_await call->next(kPatience);
      if (!piece) co_return piece.error().message;
      told += *piece;
    }
    http::Headers trailers;
    trailers.add("sum", "7");
    call->end(trailers);
    Result<std::string_view> end = co_await call->next(kPatience);
    if (!end || !end->empty()) co_return "no end";
    told.append(" ").append(call->trailers().get("grpc-status"));
    told.append(" ").append(call->trailers().get("asked-sum"));
    co_return told;
  }
  // More than any window takes at once.
  async::Task<size_t> echo_much(size_t bytes) {
    const http::Http2RequestHead asked = head("/test.Service/Echo");
    std::unique_ptr<http::Http2Call> call = client_->begin(asked, http::RequestBody::Follows);
    async::TaskSet sending;
    sending.spawn(send_much(*call, bytes));
    size_t came = 0;
    while (true) {
      Result<std::string_view> piece = co_await call->next(kPatience);
      if (!piece || piece->empty()) co_return came;
      came += piece->size();
    }
  }
  static async::Task<void> send_much(http::Http2Call& call, size_t bytes) {
    const std::string all(bytes, 'y');
    co_await call.send(all, kPatience);
    const http::Headers none;
    call.end(none);
  }
  async::Task<std::string> wait_in_vain() {
    const http::Http2RequestHead asked = head("/test.Service/Echo");
    std::unique_ptr<http::Http2Call> call = client_->begin(asked, http::RequestBody::Follows);
    co_await call->answer(kPatience);
    Result<std::string_view> piece = co_await call->next(async::Duration(30));
    co_return piece ? "a piece" : piece.error().message;
  }

  SystemClock clock_;
  SystemRandom random_;
  std::shared_ptr<const net::TlsCertificate> certificate_ = certificate(clock_, random_);
  async::ReactorPool reactors_{1, clock_};
  async::ReactorPool target_reactors_{1, clock_};
  async::ReactorPool own_reactors_{2, clock_};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HealthChange> changes_;
  http::Server target_{target_reactors_, {}, answer, clock_};
  OwnSockets sockets_;
  net::CertificateDirectory certificates_;
  TargetGroup group_;
  LoadBalancer own_;
  Edge edge_{own_reactors_, clock_};
  Balancer balancer_{own_reactors_, edge_, {.sockets = sockets_, .certificates = certificates_}, clock_, random_};
  std::shared_ptr<http::Http2Client> client_;
  http::Headers saw_;
};

TEST_F(Calls, ReachTheirTargetsAndAreAnswered) {
  publish();
  EXPECT_EQ(async::sync_wait(reactor(), ask(head("/plain"))), "200 300000");
  EXPECT_EQ(saw_.get("saw"), "POST /plain a.test:" + std::to_string(own_.listeners[0].port));
  EXPECT_EQ(saw_.get("saw-forwarded"), "https");
  EXPECT_EQ(saw_.get("saw-te"), "trailers");
  EXPECT_EQ(async::sync_wait(reactor(), ask(head("/none"))), "204 0");
  EXPECT_EQ(async::sync_wait(reactor(), ask(head("/fails"))), "500 0");
  const std::shared_ptr<const Routing> routing = balancer_.routing();
  EXPECT_EQ(routing->state_of(routing->config().load_balancers[0])->counters.grpc_requests, 3u);
}

TEST_F(Calls, BothSidesSpeakAtTheSameTimeAndSayMoreAtTheEnd) {
  publish();
  EXPECT_EQ(async::sync_wait(reactor(), converse()), "onetwo 2 7");
}

TEST_F(Calls, AnOldConnectionIsToldToGoWithItsNextAnswer) {
  own_.client_keep_alive = async::Duration(0);
  publish();
  EXPECT_EQ(async::sync_wait(reactor(), ask(head("/plain"))), "200 300000");
  for (bool takes_more = true; takes_more; std::this_thread::yield()) {
    reactor().call([&] { takes_more = client_->can_take(); });
  }
}

TEST_F(Calls, MayBeLong) {
  publish();
  EXPECT_EQ(async::sync_wait(reactor(), echo_much(3000000)), 3000000u);
}

TEST_F(Calls, ThatAreGivenUpHarmNoOther) {
  publish();
  EXPECT_EQ(async::sync_wait(reactor(), wait_in_vain()), "the body did not come in time");
  EXPECT_EQ(async::sync_wait(reactor(), converse()), "onetwo 2 7");
  while (balancer_.requests_in_flight("group", "one", group_.targets[0].address.port()) > 0) {
    std::this_thread::yield();
  }
}

TEST_F(Calls, NeedTargetsThatUnderstandThem) {
  group_.version = TargetVersion::Http1;
  publish();
  EXPECT_EQ(async::sync_wait(reactor(), ask(head("/plain"))).substr(0, 3), "464") << "targets of HTTP/1";
  group_.version = TargetVersion::Grpc;
  publish();
  EXPECT_EQ(async::sync_wait(reactor(), ask(head("/plain", "GET"))).substr(0, 3), "464") << "no call";
  group_.version = TargetVersion::Http2;
  publish();
  EXPECT_EQ(async::sync_wait(reactor(), ask(head("/plain", "GET"))), "200 300000");
}

TEST_F(Calls, AreHowHealthIsChecked) {
  publish();
  EXPECT_EQ(next_change().health, Health::Healthy);
  {
    std::lock_guard lock(mutex_);
    changes_.clear();
  }
  group_.health_check.matcher = {StatusRange{12, 12}};
  publish();
  const HealthChange change = next_change();
  EXPECT_EQ(change.health, Health::Unhealthy);
  EXPECT_EQ(change.description, "Health checks failed with these codes: [1]");
  {
    std::lock_guard lock(mutex_);
    changes_.clear();
  }
  group_.version = group_.health_check.version = TargetVersion::Http2;
  group_.health_check.path = "/none";
  group_.health_check.matcher = {StatusRange{204, 204}};
  publish();
  EXPECT_EQ(next_change().health, Health::Healthy);
}

TEST_F(Calls, AreRefusedByTargetsOfHttp1Only) {
  net::TlsServerOptions options;
  options.certificate = certificate_;
  http::Server old(target_reactors_, {}, answer, clock_);
  Result<UniqueFd> socket = net::listen_on(net::Address::loopback(0));
  group_.targets[0].address = net::local_address(socket->get());
  old.listen(std::move(*socket), *net::TlsServerContext::make(std::move(options)));
  publish();
  EXPECT_EQ(async::sync_wait(reactor(), ask(head("/plain"))).substr(0, 3), "502");
  EXPECT_EQ(balancer_.routing()->find_group("group")->state->counters.target_tls_errors, 1u);
}

}  // namespace
}  // namespace holm::balancer
