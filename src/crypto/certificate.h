// Private keys and X.509 certificates: authorities of our own and the certificates they issue, as
// PEM.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace holm::crypto {

enum class KeyKind { EcP256, Rsa2048 };

// A private key. Immutable and shared; any thread. Its text is never logged.
class PrivateKey final {
 public:
  static PrivateKey generate(KeyKind kind);
  // PKCS #8 or the older forms, without a passphrase. RSA of 2048 to 8192 bits, or an elliptic
  // curve.
  static Result<PrivateKey> from_pem(std::string_view pem);

  std::string to_pem() const;         // PKCS #8
  std::string public_to_pem() const;  // SubjectPublicKeyInfo

  struct Handle;
  const Handle& handle() const { return *handle_; }

 private:
  explicit PrivateKey(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<const Handle> handle_;
};

enum class SignatureHash { Sha1, Sha256 };
// The key's signature of `text`: RSA as in PKCS #1 version 1.5, or ECDSA in DER.
std::string sign(const PrivateKey& key, SignatureHash hash, std::string_view text);

// What is known about a certificate. Times are whole seconds.
struct CertificateSummary {
  std::string subject;  // "CN=example.com,O=Example"
  std::string issuer;
  std::string serial;  // Lower-case hexadecimal in pairs: "0a:1b".
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  Time not_before{};
  Time not_after{};
  bool is_authority = false;
  std::string key_algorithm;        // "RSA_2048", "EC_prime256v1".
  std::string signature_algorithm;  // "ecdsa-with-SHA256", "RSA-SHA256": OpenSSL's names.
};
// The first certificate of `pem`.
Result<CertificateSummary> describe_certificate(std::string_view pem);
// Whether the first certificate of `pem` is about `key`.
Result<bool> belongs_to(std::string_view pem, const PrivateKey& key);
// Whether `leaf_pem` is good at `at` by the certificates of `chain_pem` (may be empty) and, at the
// end, one of `roots_pem`. The error says why not.
Result<void> verify_chain(std::string_view leaf_pem, std::string_view chain_pem,
                          std::string_view roots_pem, Time at);

struct CertificateTerms {
  std::string common_name;             // At most 64 bytes.
  std::vector<std::string> dns_names;  // "example.com", "*.example.com"; of leaves only.
  std::vector<std::string> ip_addresses;
  Time not_before{};
  Time not_after{};
};

// Who signs: a certificate and its key.
struct Issuer {
  std::string_view certificate_pem;
  const PrivateKey& key;
};

// A self-signed authority that may sign leaves only. PEM.
Result<std::string> issue_authority(const CertificateTerms& terms, const PrivateKey& key,
                                    Random& random);
// A certificate for servers and clients. PEM, without the chain.
Result<std::string> issue_leaf(const CertificateTerms& terms, const PrivateKey& key,
                               const Issuer& issuer, Random& random);

}  // namespace holm::crypto
