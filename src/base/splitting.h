// The parts of a text one after the other, without a list of them.
#pragma once

#include <optional>
#include <string_view>

namespace holm {

// Gives what split() does. The text outlives it.
class Splitting final {
 public:
  Splitting(std::string_view text, char separator) : rest_(text), separator_(separator) {}
  // Nothing after the last one.
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
  char separator_;
  bool is_at_end_ = false;
};

}  // namespace holm
