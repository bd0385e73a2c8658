// A server that asks its clients for certificates, and clients that have good ones, bad ones and none.

#include "net/client_trust.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/strings.h"
#include "base/system_clock.h"
#include "base/unique_fd.h"
#include "crypto/certificate.h"
#include "net/tls.h"
#include "support/seeded_random.h"

namespace holm::net {
namespace {

using crypto::KeyKind;
using crypto::PrivateKey;

struct Free {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_CRL* p) const { X509_CRL_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Owned<BIO> reader(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}
Owned<X509> certificate_of(const std::string& pem) {
  return Owned<X509>(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
}
Owned<EVP_PKEY> key_of(const PrivateKey& key) {
  return Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(reader(key.to_pem()).get(), nullptr, nullptr, nullptr));
}

struct Holder {
  PrivateKey key = PrivateKey::generate(KeyKind::EcP256);
  std::string certificate;
};

// Makes authorities and what they issue, good from yesterday on.
class Authorities {
 public:
  Holder authority(const std::string& name) {
    Holder made;
    made.certificate = *crypto::issue_authority(terms(name, std::chrono::hours(24)), made.key, random_);
    return made;
  }
  Holder client(const Holder& issuer, const std::string& name,
                std::chrono::hours rest = std::chrono::hours(24)) {
    Holder made;
    made.certificate =
        *crypto::issue_leaf(terms(name, rest), made.key, {issuer.certificate, issuer.key}, random_);
    return made;
  }

 private:
  static crypto::CertificateTerms terms(const std::string& name, std::chrono::hours rest) {
    const Time now = SystemClock().now();
    return {.common_name = name,
            .dns_names = {},
            .ip_addresses = {},
            .not_before = now - std::chrono::hours(48),
            .not_after = now + rest};
  }
  test::SeededRandom random_{7};
};

// A list of the issuer's that revokes one certificate.
std::string list_revoking(const Holder& issuer, const std::string& revoked_pem) {
  const Owned<X509> revoked = certificate_of(revoked_pem), from = certificate_of(issuer.certificate);
  const Owned<X509_CRL> list(X509_CRL_new());
  const Owned<EVP_PKEY> key = key_of(issuer.key);
  X509_CRL_set_version(list.get(), 1);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(from.get()));
  // Long out of date: what it says still holds.
  ASN1_TIME* const then = X509_gmtime_adj(nullptr, -86400);
  X509_CRL_set1_lastUpdate(list.get(), then);
  X509_CRL_set1_nextUpdate(list.get(), then);
  X509_REVOKED* const entry = X509_REVOKED_new();
  X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked.get()));
  X509_REVOKED_set_revocationDate(entry, then);
  ASN1_TIME_free(then);
  X509_CRL_add0_revoked(list.get(), entry);
  X509_CRL_sort(list.get());
  X509_CRL_sign(list.get(), key.get(), EVP_sha256());
  const Owned<BIO> text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509_CRL(text.get(), list.get());
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(text.get(), &bytes);
  return {bytes, static_cast<size_t>(count)};
}

// What came of one handshake.
struct Meeting {
  bool is_let_in = false;
  std::shared_ptr<const ClientCertificate> client;
  int names_told = 0;
};

class MutualTls : public testing::Test {
 protected:
  Meeting meet(ClientTrustOptions options, const Holder* client, const std::string& chain = {}) {
    TlsServerOptions server_options;
    server_options.policy.clients = ClientTrust::load(std::move(options));
    server_options.certificate = *TlsCertificate::load({server_.certificate, server_.key.to_pem()});
    const auto context = *TlsServerContext::make(std::move(server_options));
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    const UniqueFd near(ends[0]), far(ends[1]);
    const std::unique_ptr<TlsSession> session = context->accept(near.get());
    const Owned<SSL_CTX> client_context(SSL_CTX_new(TLS_client_method()));
    if (client) {
      SSL_CTX_use_certificate(client_context.get(), certificate_of(client->certificate).get());
      SSL_CTX_use_PrivateKey(client_context.get(), key_of(client->key).get());
      if (!chain.empty()) SSL_CTX_add1_chain_cert(client_context.get(), certificate_of(chain).get());
    }
    const Owned<SSL> other(SSL_new(client_context.get()));
    SSL_set_fd(other.get(), far.get());
    SSL_set_connect_state(other.get());
    Meeting meeting;
    for (int step = 0; step < 20 && !session->handshake_done(); ++step) {
      SSL_do_handshake(other.get());
      session->shake_hands();
    }
    meeting.is_let_in = session->handshake_done();
    if (meeting.is_let_in) meeting.client = session->client_certificate();
    const auto* names = SSL_get0_peer_CA_list(other.get());
    meeting.names_told = names ? sk_X509_NAME_num(names) : 0;
    return meeting;
  }

  Authorities authorities_;
  const Holder root_ = authorities_.authority("good");
  const Holder other_root_ = authorities_.authority("bad");
  const Holder server_ = authorities_.client(root_, "server.test");
  const Holder client_ = authorities_.client(root_, "alice");
  const Holder stranger_ = authorities_.client(other_root_, "mallory");
  const Holder late_ = authorities_.client(root_, "late", std::chrono::hours(-1));
  const ClientTrustOptions verifies_{.authorities = root_.certificate, .owner = "listener"};
};

TEST_F(MutualTls, LetsInWhomItsAuthoritiesKnow) {
  const Meeting meeting = meet(verifies_, &client_);
  ASSERT_TRUE(meeting.is_let_in);
  ASSERT_NE(meeting.client, nullptr);
  EXPECT_EQ(meeting.client->owner, "listener");
  EXPECT_EQ(meeting.client->subject, "CN=alice");
  EXPECT_EQ(meeting.client->issuer, "CN=good");
  EXPECT_EQ(meeting.client->leaf, client_.certificate);
  EXPECT_EQ(meeting.client->chain, client_.certificate);
  const auto summary = crypto::describe_certificate(client_.certificate);
  EXPECT_EQ(to_lower(meeting.client->serial_number), replace_all(summary->serial, ":", ""));
  EXPECT_LT(meeting.client->not_before, meeting.client->not_after);
  EXPECT_EQ(meeting.names_told, 0);
}

TEST_F(MutualTls, SendsAwayStrangersAndWhoShowsNothing) {
  EXPECT_FALSE(meet(verifies_, &stranger_).is_let_in);
  EXPECT_FALSE(meet(verifies_, nullptr).is_let_in);
}

TEST_F(MutualTls, SendsAwayWhoIsLateUnlessThatDoesNotMatter) {
  EXPECT_FALSE(meet(verifies_, &late_).is_let_in);
  ClientTrustOptions forgiving = verifies_;
  forgiving.expired = ClientTrustOptions::Expired::Allow;
  EXPECT_TRUE(meet(forgiving, &late_).is_let_in);
  EXPECT_FALSE(meet(forgiving, &stranger_).is_let_in);
}

TEST_F(MutualTls, SendsAwayWhoWasRevoked) {
  ClientTrustOptions options = verifies_;
  options.revocations = list_revoking(root_, client_.certificate);
  EXPECT_FALSE(meet(options, &client_).is_let_in);
  const Holder bob = authorities_.client(root_, "bob");
  EXPECT_TRUE(meet(options, &bob).is_let_in);
}

TEST_F(MutualTls, AListOfOneAuthorityIsNotAskedOfAnother) {
  ClientTrustOptions options = verifies_;
  options.authorities += other_root_.certificate;
  options.revocations = list_revoking(root_, client_.certificate);
  EXPECT_TRUE(meet(options, &stranger_).is_let_in);
}

TEST_F(MutualTls, TellsItsAuthoritiesIfItMay) {
  ClientTrustOptions options = verifies_;
  options.authorities += other_root_.certificate;
  options.names = ClientTrustOptions::Names::Tell;
  EXPECT_EQ(meet(options, &client_).names_told, 2);
}

TEST_F(MutualTls, TakesAnybodyWhenItDoesNotVerify) {
  const ClientTrustOptions takes{.check = ClientTrustOptions::Check::Take, .owner = "passing"};
  const Meeting meeting = meet(takes, &stranger_, other_root_.certificate);
  ASSERT_TRUE(meeting.is_let_in);
  ASSERT_NE(meeting.client, nullptr);
  EXPECT_EQ(meeting.client->chain, stranger_.certificate + other_root_.certificate);
  const Meeting nobody = meet(takes, nullptr);
  EXPECT_TRUE(nobody.is_let_in);
  EXPECT_EQ(nobody.client, nullptr);
}

TEST_F(MutualTls, LetsNobodyInWithoutSomebodyToTrust) {
  for (const char* authorities : {"", "nonsense"}) {
    const ClientTrustOptions options{.authorities = authorities};
    EXPECT_FALSE(ClientTrust::load(options)->lets_anybody_in());
    EXPECT_FALSE(meet(options, &client_).is_let_in);
    EXPECT_FALSE(meet(options, nullptr).is_let_in);
  }
  EXPECT_TRUE(ClientTrust::load(verifies_)->lets_anybody_in());
}

}  // namespace
}  // namespace holm::net
