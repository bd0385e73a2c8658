// What targets are told of TLS and of clients' certificates.

#include "dataplane/balancer/forwarded_head.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/time_format.h"
#include "net/client_trust.h"

namespace holm::balancer {
namespace {

struct Told {
  http::Request request;
  LoadBalancer load_balancer;
  Listener listener{.port = 443, .tls = ListenerTls()};

  Told() {
    request.method = "GET";
    request.target = "/";
    split_target(request);
    request.authority = "shop.test";
    request.scheme = http::Scheme::Https;
    request.tls_version = "TLSv1.3";
    request.tls_cipher = "TLS_AES_128_GCM_SHA256";
    request.headers = {{"X-Amzn-Mtls-Clientcert-Subject", "CN=forged"},
                       {"x-amzn-mtls-clientcert-serial-number", "0"},
                       {"X-Client", "CN=forged"}};
    request.client_certificate = std::make_shared<net::ClientCertificate>(net::ClientCertificate{
        .owner = "listener",
        .leaf = "-----BEGIN CERTIFICATE-----\na+/=\n-----END CERTIFICATE-----\n",
        .chain = "-----BEGIN CERTIFICATE-----\nc\n-----END CERTIFICATE-----\n",
        .serial_number = "03A5B1",
        .subject = "CN=alice,O=shop",
        .issuer = "CN=good",
        .not_before = *parse_iso8601("2023-09-21T01:50:17Z"),
        .not_after = *parse_iso8601("2024-09-20T01:50:17Z")});
  }
  http::Headers headers() const {
    return forwarded_headers({request, load_balancer, listener, 443, "1-2-3", 0});
  }
};

TEST(TlsHeaders, TellsOfAVerifiedClient) {
  Told told;
  told.listener.tls->client_certificates = ClientCertificates::Verified;
  const http::Headers headers = told.headers();
  EXPECT_EQ(headers.all("X-Amzn-Mtls-Clientcert-Subject"), std::vector<std::string_view>{"CN=alice,O=shop"});
  EXPECT_EQ(headers.all("X-Amzn-Mtls-Clientcert-Serial-Number"), std::vector<std::string_view>{"03A5B1"});
  EXPECT_EQ(headers.get("X-Amzn-Mtls-Clientcert-Issuer"), "CN=good");
  EXPECT_EQ(headers.get("X-Amzn-Mtls-Clientcert-Validity"),
            "NotBefore=2023-09-21T01:50:17Z;NotAfter=2024-09-20T01:50:17Z");
  EXPECT_EQ(headers.get("X-Amzn-Mtls-Clientcert-Leaf"),
            "-----BEGIN%20CERTIFICATE-----%0Aa+/=%0A-----END%20CERTIFICATE-----%0A");
  EXPECT_FALSE(headers.has("X-Amzn-Mtls-Clientcert"));
  EXPECT_EQ(headers.get("X-Client"), "CN=forged");
}

TEST(TlsHeaders, PassesOnWhatWasNotVerified) {
  Told told;
  told.listener.tls->client_certificates = ClientCertificates::PassedOn;
  const http::Headers headers = told.headers();
  EXPECT_EQ(headers.get("X-Amzn-Mtls-Clientcert"),
            "-----BEGIN%20CERTIFICATE-----%0Ac%0A-----END%20CERTIFICATE-----%0A");
  EXPECT_FALSE(headers.has("X-Amzn-Mtls-Clientcert-Subject"));
}

TEST(TlsHeaders, LetsNobodyElseTellOfClients) {
  Told told;
  EXPECT_FALSE(told.headers().has("X-Amzn-Mtls-Clientcert-Subject"));
  told.listener.tls.reset();
  EXPECT_FALSE(told.headers().has("X-Amzn-Mtls-Clientcert-Subject"));
}

TEST(TlsHeaders, CallsTheHeadersWhatTheListenerCallsThem) {
  Told told;
  told.listener.tls->client_certificates = ClientCertificates::Verified;
  told.load_balancer.tls_headers = TlsHeaders::Add;
  TlsHeaderNames names;
  names.subject = "X-Client";
  names.version = "X-Tls";
  told.listener.tls->header_names = names;
  const http::Headers headers = told.headers();
  EXPECT_EQ(headers.all("X-Client"), std::vector<std::string_view>{"CN=alice,O=shop"});
  EXPECT_FALSE(headers.has("X-Amzn-Mtls-Clientcert-Subject"));
  EXPECT_EQ(headers.get("X-Tls"), "TLSv1.3");
  EXPECT_FALSE(headers.has("X-Amzn-Tls-Version"));
  EXPECT_EQ(headers.get("X-Amzn-Tls-Cipher-Suite"), "TLS_AES_128_GCM_SHA256");
}

}  // namespace
}  // namespace holm::balancer
