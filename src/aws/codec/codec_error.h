// Why bytes could not be read into a shape.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::aws {

struct CodecError {
  std::string path;  // Of the member in the input: "Filters[0].Values"; empty: the document itself.
  std::string message;  // A sentence without the path: "A number is expected."
  // "Filters[0].Values: A number is expected."
  std::string describe() const;
};

using CodecResult = Result<void, CodecError>;

// A failure at the place itself; those who called for it add their step to the path with `within`.
std::unexpected<CodecError> codec_failure(std::string message);
// `step` is a member's name or "[3]".
std::unexpected<CodecError> within(std::string_view step, CodecError error);
std::unexpected<CodecError> within_item(size_t index, CodecError error);

}  // namespace holm::aws
