// Content-Encoding: gzip.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::http {

// What was compressed, if that is at most `bytes_max` long. https://www.rfc-editor.org/rfc/rfc1952
Result<std::string> gunzip(std::string_view bytes, size_t bytes_max);

// Compressed.
std::string gzip(std::string_view bytes);

}  // namespace holm::http
