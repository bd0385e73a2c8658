// The error for what a request says wrongly, naming the header or the parameter of the URL where AWS does.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holm::s3 {

// As the client wrote them.
struct Argument {
  std::string name;
  std::optional<std::string> value = {};
};

// InvalidArgument; with the members ArgumentName and, where it is known, ArgumentValue.
[[noreturn]] void throw_invalid_argument(const std::string& message);
[[noreturn]] void throw_invalid_argument(const std::string& message, Argument argument);

}  // namespace holm::s3
