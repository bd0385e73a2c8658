// What targets are told of a request, by the load balancer's attributes.

#include "dataplane/balancer/forwarded_head.h"

#include <gtest/gtest.h>

namespace holm::balancer {
namespace {

struct Forwarded {
  http::Request request;
  LoadBalancer load_balancer;
  uint16_t port = 80;

  Forwarded() {
    request.method = "GET";
    request.target = "/a";
    request.headers = {{"Host", "example.com"}, {"X-Forwarded-For", "192.0.2.7"}, {"x_bad", "1"}};
    request.peer = *net::Address::parse("203.0.113.9", 4711);
    request.local = *net::Address::parse("10.0.0.7", 80);
    split_target(request);
  }
  std::string head() const {
    std::string out;
    const Listener listener{.port = port, .tls = ListenerTls()};
    append_request_head(out, {request, load_balancer, listener, port, "1-2-3", 0});
    return out;
  }
  bool has(std::string_view line) const {
    return head().find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
  }
};

struct HostCase {
  const char* what;
  uint16_t port;
  const char* target;
  const char* host;
  const char* by_default;
  const char* preserved;
};

// The examples of AWS's page, and what it does not speak of.
const HostCase kHosts[] = {
    {"a port of its own is not told", 443, "/index.html", "example.com", "example.com", "example.com"},
    {"nor where the client named it", 80, "/index.html", "example.com:80", "example.com", "example.com:80"},
    {"nor one that it made up", 80, "/index.html", "example.com:99", "example.com", "example.com:99"},
    {"the target's name wins", 80, "http://dns_name/index.html", "example.com", "dns_name", "example.com"},
    {"another port is told", 8080, "/index.html", "example.com", "example.com:8080", "example.com"},
    {"and told once", 8080, "/index.html", "example.com:8080", "example.com:8080", "example.com:8080"},
    {"an address has brackets", 8080, "/", "[::1]", "[::1]:8080", "[::1]"},
    {"whose colons are no port's", 80, "/", "[2001:db8::1]:80", "[2001:db8::1]", "[2001:db8::1]:80"},
    {"letters stay as they are", 80, "/", "Example.COM", "Example.COM", "Example.COM"},
};

TEST(ForwardedHead, HostHasThePortThatIsNotUsual) {
  for (const HostCase& each : kHosts) {
    Forwarded forwarded;
    forwarded.port = each.port;
    forwarded.request.target = each.target;
    forwarded.request.headers.set("host", each.host);
    split_target(forwarded.request);
    EXPECT_TRUE(forwarded.has("Host: " + std::string(each.by_default))) << each.what << forwarded.head();
    forwarded.load_balancer.host_header = HostHeader::Preserve;
    EXPECT_TRUE(forwarded.has("Host: " + std::string(each.preserved))) << each.what << forwarded.head();
  }
}

TEST(ForwardedHead, OfWhoNamesNoHostItIsTheNode) {
  Forwarded forwarded;
  forwarded.request.headers = {};
  forwarded.request.authority.clear();
  EXPECT_TRUE(forwarded.has("Host: 10.0.0.7")) << forwarded.head();
  forwarded.port = 8080;
  EXPECT_TRUE(forwarded.has("Host: 10.0.0.7:8080")) << forwarded.head();
}

TEST(ForwardedHead, TheTargetThatSpeaksHttp2IsToldTheSame) {
  Forwarded forwarded;
  const Listener listener{.port = 8080};
  const RequestHead head{forwarded.request, forwarded.load_balancer, listener, 8080, "1-2-3", 0};
  EXPECT_EQ(http2_request_head(head, TargetProtocol::Https).authority, "example.com:8080");
}

TEST(ForwardedHead, ForwardedForIsAppendedToPreservedOrRemoved) {
  Forwarded forwarded;
  EXPECT_TRUE(forwarded.has("X-Forwarded-For: 192.0.2.7, 203.0.113.9")) << forwarded.head();
  forwarded.load_balancer.client_port = ClientPort::Add;
  EXPECT_TRUE(forwarded.has("X-Forwarded-For: 192.0.2.7, 203.0.113.9:4711")) << forwarded.head();
  forwarded.load_balancer.forwarded_for = ForwardedFor::Preserve;
  EXPECT_TRUE(forwarded.has("X-Forwarded-For: 192.0.2.7")) << forwarded.head();
  forwarded.load_balancer.forwarded_for = ForwardedFor::Remove;
  EXPECT_EQ(forwarded.head().find("X-Forwarded-For"), std::string::npos) << forwarded.head();
}

TEST(ForwardedHead, HeadersWithOtherCharactersAreDroppedIfSo) {
  Forwarded forwarded;
  EXPECT_TRUE(has_invalid_headers(forwarded.request));
  EXPECT_TRUE(forwarded.has("x_bad: 1")) << forwarded.head();
  forwarded.load_balancer.invalid_headers = InvalidHeaders::Drop;
  EXPECT_EQ(forwarded.head().find("x_bad"), std::string::npos) << forwarded.head();
}

TEST(ForwardedHead, TlsIsToldOfIfSo) {
  Forwarded forwarded;
  forwarded.request.tls_version = "TLSv1.3";
  forwarded.request.tls_cipher = "TLS_AES_128_GCM_SHA256";
  EXPECT_EQ(forwarded.head().find("X-Amzn-Tls"), std::string::npos) << forwarded.head();
  forwarded.load_balancer.tls_headers = TlsHeaders::Add;
  EXPECT_TRUE(forwarded.has("X-Amzn-Tls-Version: TLSv1.3")) << forwarded.head();
  EXPECT_TRUE(forwarded.has("X-Amzn-Tls-Cipher-Suite: TLS_AES_128_GCM_SHA256")) << forwarded.head();
}

}  // namespace
}  // namespace holm::balancer
