// The errors of the service's model. Generated from the service's model; do not edit.
#pragma once

#include "aws/service/error.h"

namespace holm::sample {

struct NoSuchBox : aws::ServiceError {
  explicit NoSuchBox(const std::string& message)
      : ServiceError("Box.None", 404, message) {}
};

struct SlowDown : aws::ServiceError {
  explicit SlowDown(const std::string& message)
      : ServiceError("slowDown", 500, message) {}
};

}  // namespace holm::sample
