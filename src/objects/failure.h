// Why the store could not do something, for whoever has to decide what follows.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace holm::objects {

enum class Fault : uint8_t {
  Absent,   // There is no such thing.
  Full,     // No space is left. Nothing was changed; it may work later.
  Damaged,  // The bytes on the disk are not those that were written.
  Broken,   // The disk answered an error.
};

struct Failure {
  Fault fault = Fault::Broken;
  std::string message;
};

template <class T = void>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> fail(Fault fault, std::string message) {
  return std::unexpected(Failure{fault, std::move(message)});
}
inline std::unexpected<Failure> fail(Failure failure) { return std::unexpected(std::move(failure)); }

}  // namespace holm::objects
