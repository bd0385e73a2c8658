// Where errors of other services end.

#include "aws/service/attempt.h"

#include "aws/service/error.h"

namespace holm::aws {

async::Task<std::optional<std::string>> attempt_waiting(async::Task<void> work) {
  try {
    co_await std::move(work);
    co_return std::nullopt;
  } catch (const ServiceError& error) {
    co_return error.code + ": " + error.what();
  }
}

std::optional<std::string> attempt(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const ServiceError& error) {
    return error.code + ": " + error.what();
  }
}

}  // namespace holm::aws
