// The parts of a text one after the other.

#include "base/splitting.h"

namespace holm {

std::optional<std::string_view> Splitting::next() {
  if (is_at_end_) return std::nullopt;
  const size_t at = rest_.find(separator_);
  const std::string_view part = rest_.substr(0, at);
  is_at_end_ = at == std::string_view::npos;
  if (!is_at_end_) rest_.remove_prefix(at + 1);
  return part;
}

}  // namespace holm
