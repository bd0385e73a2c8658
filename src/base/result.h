// What a function returns when its caller has to decide about failure.
#pragma once

#include <expected>
#include <string>

namespace holm {

// A failure in words for a person, without secrets.
struct Error {
  std::string message;
};

template <class T, class E = Error>
using Result = std::expected<T, E>;

inline std::unexpected<Error> failure(std::string message) {
  return std::unexpected(Error{std::move(message)});
}

}  // namespace holm
