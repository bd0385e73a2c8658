// The error for what a request says wrongly.

#include "services/s3/invalid_argument.h"

#include <utility>

#include "aws/service/error.h"

namespace holm::s3 {

void throw_invalid_argument(const std::string& message) {
  throw aws::ServiceError("InvalidArgument", 400, message);
}

void throw_invalid_argument(const std::string& message, Argument argument) {
  aws::ServiceError error("InvalidArgument", 400, message);
  error.with("ArgumentName", std::move(argument.name));
  if (argument.value) error.with("ArgumentValue", *std::move(argument.value));
  throw error;
}

}  // namespace holm::s3
