// Policies that are made or kept as JSON, parsed once while they are asked about.

#include "gateway/policy_memory.h"

#include <mutex>

namespace holm::gateway {

std::optional<aws::policy::Policy> PolicyMemory::parse(const std::string& text) {
  {
    const std::shared_lock lock(mutex_);
    const auto found = known_.find(text);
    if (found != known_.end()) return found->second;
  }
  auto parsed = aws::policy::parse(text);
  if (!parsed) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (text_bytes_ + text.size() > kTextBytesMax) {
    known_.clear();
    text_bytes_ = 0;
  }
  if (known_.emplace(text, *parsed).second) text_bytes_ += text.size();
  return std::move(*parsed);
}

}  // namespace holm::gateway
