// The one place of CloudWatch where errors of other services end.

#include "services/cloudwatch/attempt.h"

#include "aws/service/error.h"

namespace holm::cloudwatch {

std::optional<std::string> attempt(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const aws::ServiceError& error) {
    return error.code + ": " + error.what();
  }
}

}  // namespace holm::cloudwatch
