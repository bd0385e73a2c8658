// The one place of SNS where errors of other services end.

#include "services/sns/attempt.h"

#include "aws/service/error.h"

namespace holm::sns {

async::Task<std::optional<std::string>> attempt_waiting(async::Task<void> work) {
  try {
    co_await std::move(work);
    co_return std::nullopt;
  } catch (const aws::ServiceError& error) {
    co_return error.code + ": " + error.what();
  }
}

std::optional<std::string> attempt(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const aws::ServiceError& error) {
    return error.code + ": " + error.what();
  }
}

}  // namespace holm::sns
