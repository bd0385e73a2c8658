// Keys round-trip, authorities issue leaves, and what is wrong is refused.

#include "crypto/certificate.h"

#include <gtest/gtest.h>

#include "base/time_format.h"

namespace holm::crypto {
namespace {

Time at(std::string_view text) { return parse_iso8601(text).value(); }

// Counts: certificates in tests differ by their serial numbers only if this does.
class CountingRandom final : public Random {
 public:
  void fill(void* bytes, size_t count) override {
    for (size_t i = 0; i < count; ++i) static_cast<unsigned char*>(bytes)[i] = next_++;
  }

 private:
  unsigned char next_ = 1;
};

struct Authority {
  CountingRandom random;
  PrivateKey key;
  std::string certificate;

  explicit Authority(KeyKind kind) : key(PrivateKey::generate(kind)) {
    certificate = issue_authority({.common_name = "Test authority",
                                   .not_before = at("2026-01-01T00:00:00Z"),
                                   .not_after = at("2036-01-01T00:00:00Z")},
                                  key, random)
                      .value();
  }
  Result<std::string> issue(const CertificateTerms& terms, const PrivateKey& leaf_key) {
    return issue_leaf(terms, leaf_key, {certificate, key}, random);
  }
};

CertificateTerms terms() {
  return {.common_name = "example.com",
          .dns_names = {"example.com", "*.example.com"},
          .ip_addresses = {"127.0.0.1", "::1"},
          .not_before = at("2026-06-01T00:00:00Z"),
          .not_after = at("2026-09-01T00:00:00Z")};
}

TEST(Certificate, OfAnAuthorityIsGoodForItsTimeAndNames) {
  for (KeyKind kind : {KeyKind::EcP256, KeyKind::Rsa2048}) {
    Authority authority(kind);
    const PrivateKey key = PrivateKey::generate(KeyKind::EcP256);
    const std::string leaf = authority.issue(terms(), key).value();
    const auto summary = describe_certificate(leaf);
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->subject, "CN=example.com");
    EXPECT_EQ(summary->issuer, "CN=Test authority");
    EXPECT_EQ(summary->dns_names, terms().dns_names);
    EXPECT_EQ(summary->ip_addresses, terms().ip_addresses);
    EXPECT_EQ(summary->not_before, terms().not_before);
    EXPECT_EQ(summary->not_after, terms().not_after);
    EXPECT_FALSE(summary->is_authority);
    EXPECT_TRUE(describe_certificate(authority.certificate)->is_authority);
    EXPECT_NE(summary->serial, describe_certificate(authority.certificate)->serial);
    EXPECT_TRUE(verify_chain(leaf, "", authority.certificate, at("2026-07-01T00:00:00Z")));
    EXPECT_EQ(
        verify_chain(leaf, "", authority.certificate, at("2026-10-01T00:00:00Z")).error().message,
        "certificate has expired");
    EXPECT_EQ(
        verify_chain(leaf, "", authority.certificate, at("2026-05-01T00:00:00Z")).error().message,
        "certificate is not yet valid");
    EXPECT_TRUE(belongs_to(leaf, key).value());
    EXPECT_FALSE(belongs_to(leaf, authority.key).value());
  }
}

TEST(Certificate, OfAnotherAuthorityOfTheSameNameIsRefused) {
  Authority mine(KeyKind::EcP256), other(KeyKind::EcP256);
  const std::string leaf = mine.issue(terms(), mine.key).value();
  EXPECT_FALSE(verify_chain(leaf, "", other.certificate, at("2026-07-01T00:00:00Z")));
  EXPECT_FALSE(verify_chain(leaf, mine.certificate, other.certificate, at("2026-07-01T00:00:00Z")));
  EXPECT_FALSE(verify_chain(leaf, "", "", at("2026-07-01T00:00:00Z")));
}

TEST(Certificate, IsNotIssuedOnWrongTerms) {
  Authority authority(KeyKind::EcP256);
  const PrivateKey key = PrivateKey::generate(KeyKind::EcP256);
  CertificateTerms wrong = terms();
  wrong.dns_names = {"a,URI:http://x"};
  EXPECT_FALSE(authority.issue(wrong, key));
  wrong = terms();
  wrong.ip_addresses = {"300.1.1.1"};
  EXPECT_FALSE(authority.issue(wrong, key));
  wrong = terms();
  wrong.common_name = std::string(65, 'a');
  EXPECT_FALSE(authority.issue(wrong, key));
  wrong = terms();
  wrong.not_after = wrong.not_before;
  EXPECT_FALSE(authority.issue(wrong, key));
  const std::string leaf = authority.issue(terms(), key).value();
  EXPECT_EQ(issue_leaf(terms(), key, {leaf, key}, authority.random).error().message,
            "The issuer is not an authority.");
  EXPECT_FALSE(issue_leaf(terms(), key, {authority.certificate, key}, authority.random));
}

TEST(PrivateKey, RoundTripsAsPem) {
  for (KeyKind kind : {KeyKind::EcP256, KeyKind::Rsa2048}) {
    const PrivateKey key = PrivateKey::generate(kind);
    const auto again = PrivateKey::from_pem(key.to_pem());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->public_to_pem(), key.public_to_pem());
    EXPECT_TRUE(key.to_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
  }
}

TEST(Pem, ThatIsNoneIsRefused) {
  const PrivateKey key = PrivateKey::generate(KeyKind::EcP256);
  const std::string pem = key.to_pem();
  for (const std::string& text : {std::string(), std::string("x"), pem.substr(0, pem.size() / 2),
                                  key.public_to_pem(), std::string(2u << 20, 'x')}) {
    EXPECT_FALSE(PrivateKey::from_pem(text));
    EXPECT_FALSE(describe_certificate(text));
    EXPECT_FALSE(belongs_to(text, key));
  }
}

TEST(Pem, ThatIsAnEmptyViewIsRefused) {
  EXPECT_FALSE(PrivateKey::from_pem({}));
  EXPECT_FALSE(describe_certificate({}));
}

}  // namespace
}  // namespace holm::crypto
