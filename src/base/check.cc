// What happens when an assertion about our own code does not hold.

#include "base/check.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/log.h"

namespace holm {

void check_failed(const char* condition, const char* file, int line) {
  throw InternalFailure(fmt::format("{}:{}: CHECK({}) failed", file, line, condition));
}

void check_failed_fatally(const char* condition, const char* file, int line) {
  log::error(fmt::format("{}:{}: CHECK_FATAL({}) failed", file, line, condition));
  std::abort();
}

}  // namespace holm
