// Why bytes could not be read into a shape.
#pragma once

#include <string>

#include "base/result.h"

namespace holm::aws {

struct CodecError {
  std::string path;     // Of the member in the input: "Filters[0].Values"; empty: the document itself.
  std::string message;  // A sentence without the path: "A number is expected."
  // "Filters[0].Values: A number is expected."
  std::string describe() const;
};

using CodecResult = Result<void, CodecError>;

}  // namespace holm::aws
