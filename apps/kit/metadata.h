// The instance metadata service, version 2: who this instance is and what its role may use.
#pragma once

#include <cstdint>
#include <expected>
#include <mutex>
#include <optional>
#include <string>

#include "kit/sigv4.h"

namespace kit {

struct InstanceIdentity {
  std::string instance;  // "local" outside EC2.
  std::string zone;      // Likewise.
};

// Any thread. The service's address is AWS_EC2_METADATA_SERVICE_ENDPOINT, as in every AWS SDK.
class Metadata final {
 public:
  explicit Metadata(std::string endpoint);

  // The text under /latest/meta-data/.
  std::expected<std::string, std::string> get(const std::string& path);

 private:
  std::optional<std::string> token();

  std::string endpoint_;
  std::mutex mutex_;
  std::string token_;
  std::int64_t token_until_ = 0;
};

// Asks once at start and waits at most a second or two: a page says "local" rather than waits.
InstanceIdentity identify_instance(Metadata& metadata);

// Credentials from the environment, else of the instance's role, renewed before they expire.
class CredentialSource final {
 public:
  explicit CredentialSource(Metadata& metadata) : metadata_(metadata) {}

  // Any thread; may ask the metadata service. The error is a sentence.
  std::expected<Credentials, std::string> current();

 private:
  std::expected<Credentials, std::string> of_role();

  Metadata& metadata_;
  std::mutex mutex_;
  std::optional<Credentials> cached_;
  std::int64_t renew_at_ = 0;
};

// The value of an environment variable; empty when unset.
std::string environment(const char* name);

}  // namespace kit
