// What a function is told of a request, and what its answer says.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dataplane/balancer/config.h"
#include "dataplane/balancer/forwarded_head.h"
#include "http/message.h"

namespace holm::balancer {

inline constexpr size_t kFunctionBodyMax = 1024 * 1024;    // Of a request.
inline constexpr size_t kFunctionAnswerMax = 1024 * 1024;  // All of it.

// The event for a request with `body`, as JSON.
std::string function_event(const RequestHead& head, std::string_view body, std::string_view group_arn,
                           EventHeaders kind);
std::string function_health_event(std::string_view path, std::string_view group_arn, EventHeaders kind);

// The response that an answer describes: one that can be sent.
Result<http::Response> read_function_answer(std::string_view answer, EventHeaders kind);

}  // namespace holm::balancer
