// The one place of Elastic Load Balancing where errors of other services end.

#include "services/elbv2/attempt.h"

#include "aws/service/error.h"

namespace holm::elbv2 {

std::optional<std::string> attempt(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const aws::ServiceError& error) {
    return error.code + ": " + error.what();
  }
}

}  // namespace holm::elbv2
