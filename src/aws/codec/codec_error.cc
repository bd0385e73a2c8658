// Why bytes could not be read into a shape.

#include "aws/codec/codec_error.h"

namespace holm::aws {

std::string CodecError::describe() const { return path.empty() ? message : path + ": " + message; }

std::unexpected<CodecError> codec_failure(std::string message) {
  return std::unexpected(CodecError{.path = {}, .message = std::move(message)});
}

std::unexpected<CodecError> within(std::string_view step, CodecError error) {
  std::string path(step);
  if (!error.path.empty() && error.path.front() != '[') path += '.';
  error.path = path + error.path;
  return std::unexpected(std::move(error));
}

std::unexpected<CodecError> within_item(size_t index, CodecError error) {
  return within("[" + std::to_string(index) + "]", std::move(error));
}

}  // namespace holm::aws
