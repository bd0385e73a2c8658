// Derived SigV4 keys, kept for the day they are good for: deriving one costs four HMACs.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "aws/signature/verify.h"

namespace holm::gateway {

// Any thread.
class SigningKeys final {
 public:
  // A secret that changed has another access key, or is compared here and derived anew.
  aws::signature::Key key_for(const std::string& access_key_id, const std::string& secret_access_key,
                              const aws::signature::Scope& scope);

 private:
  struct Entry {
    std::string secret;
    aws::signature::Key key;
  };
  static constexpr size_t kEntriesMax = 4096;
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> keys_;  // By access key and scope.
};

}  // namespace holm::gateway
