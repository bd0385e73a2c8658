// Policies that are made or kept as JSON, parsed once while they are asked about.
#pragma once

#include <cstddef>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "aws/policy/policy.h"

namespace holm::gateway {

// Found by their whole text, so whoever changes one asks about another. Any thread.
class PolicyMemory final {
 public:
  // What policy::parse() gives; nothing for text that is no policy.
  std::optional<aws::policy::Policy> parse(const std::string& text);

 private:
  static constexpr size_t kTextBytesMax = 4u << 20;
  std::shared_mutex mutex_;
  std::unordered_map<std::string, aws::policy::Policy> known_;
  size_t text_bytes_ = 0;  // Of all that are known.
};

}  // namespace holm::gateway
