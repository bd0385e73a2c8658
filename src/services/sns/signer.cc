// Making, keeping and using the key.

#include "services/sns/signer.h"

#include "aws/service/region.h"
#include "base/check.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "services/sns/service.h"

namespace holm::sns {

namespace {

constexpr char kBoundTo[] = "sns.signer";
constexpr std::chrono::hours kValidity{24 * 365 * 20};

}  // namespace

std::optional<Signer::Identity> Signer::stored() {
  std::optional<Identity> found;
  const aws::Caller caller = use_.region.caller("", "", "sns.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    auto row = call.transaction.find("SELECT sealed, certificate FROM sns_signer WHERE id = 1");
    if (!row) return;
    auto pem = crypto::Aead(use_.key).open(row->blob(0), kBoundTo);
    CHECK(pem.has_value());
    auto key = crypto::PrivateKey::from_pem(*pem);
    CHECK(key.has_value());
    found = Identity{*key, row->text(1)};
  });
  return found;
}

void Signer::make() {
  const crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::KeyKind::Rsa2048);
  const crypto::CertificateTerms terms{.common_name = "sns.amazonaws.com",
                                       .dns_names = {},
                                       .ip_addresses = {},
                                       .not_before = use_.clock.now() - std::chrono::hours(24),
                                       .not_after = use_.clock.now() + kValidity};
  auto certificate = crypto::issue_authority(terms, key, use_.random);
  CHECK(certificate.has_value());
  const std::string sealed = crypto::Aead(use_.key).seal(key.to_pem(), kBoundTo, use_.random);
  const aws::Caller caller = use_.region.caller("", "", "sns.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    call.transaction.run(
        "INSERT INTO sns_signer (id, sealed, certificate) VALUES (1, ?1, ?2)"
        " ON CONFLICT (id) DO NOTHING",
        {sql::Blob{sealed}, *certificate});
  });
}

Signer::Identity Signer::identity() {
  std::lock_guard lock(mutex_);
  if (!identity_) identity_ = stored();
  if (!identity_) {
    make();
    identity_ = stored();
  }
  CHECK(identity_.has_value());
  return *identity_;
}

std::string Signer::sign(std::string_view text, SignatureVersion version) {
  const auto hash =
      version == SignatureVersion::One ? crypto::SignatureHash::Sha1 : crypto::SignatureHash::Sha256;
  return base64_encode(crypto::sign(identity().key, hash, text));
}

std::string Signer::certificate() { return identity().certificate; }

std::string Signer::certificate_path() {
  const auto digest = crypto::sha256(identity().certificate);
  return std::string(kPathStart) + hex_encode(crypto::bytes_of(digest)).substr(0, 32) + ".pem";
}

}  // namespace holm::sns
