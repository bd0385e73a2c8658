// Assertions about our own code.
#pragma once

#include <stdexcept>
#include <string>

namespace holm {

// A bug of ours was met. The request it happened in answers 500 with its id; the region lives on.
class InternalFailure : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void check_failed(const char* condition, const char* file, int line);
[[noreturn]] void check_failed_fatally(const char* condition, const char* file, int line);

}  // namespace holm

// Throws InternalFailure unless `condition` holds.
#define CHECK(condition) ((condition) ? void() : ::holm::check_failed(#condition, __FILE__, __LINE__))
// Ends the process unless `condition` holds: only where going on could damage stored data.
#define CHECK_FATAL(condition) \
  ((condition) ? void() : ::holm::check_failed_fatally(#condition, __FILE__, __LINE__))
