// The key that messages are signed with, so that endpoints can tell who sent them.
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/certificate.h"

namespace holm::sns {

struct Dependencies;

enum class SignatureVersion { One, Two };  // SHA-1, SHA-256.

// Any thread. The key is made when it is first needed and kept.
class Signer final {
 public:
  explicit Signer(Dependencies& use) : use_(use) {}

  // Base64. Blocks: for workers.
  std::string sign(std::string_view text, SignatureVersion version);
  std::string certificate();
  // "/SimpleNotificationService-….pem": where the certificate is served.
  std::string certificate_path();

  static constexpr std::string_view kPathStart = "/SimpleNotificationService-";

 private:
  struct Identity {
    crypto::PrivateKey key;
    std::string certificate;
  };
  Identity identity();
  std::optional<Identity> stored();
  void make();

  Dependencies& use_;
  std::mutex mutex_;
  std::optional<Identity> identity_;  // Guarded by mutex_.
};

}  // namespace holm::sns
