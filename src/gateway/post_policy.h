// What a form that a browser sends to S3 may hold: the policy that its maker signed.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/error.h"
#include "base/clock.h"
#include "base/result.h"

namespace holm::gateway {

// How long the file may be.
struct FileLength {
  uint64_t minimum = 0;
  uint64_t maximum = ~uint64_t{0};
};

struct FormField {
  std::string name;  // In lower case.
  std::string value;
};

// Whether `fields` (with the bucket that the form is sent to, called "bucket") are as the policy says, in
// JSON. The error is what the browser is told: 400 for what is no policy, 403 for what it does not allow. Any
// thread.
Result<FileLength, aws::ServiceError> check_policy(std::string_view policy,
                                                   const std::vector<FormField>& fields, Time now);

}  // namespace holm::gateway
