// CBOR (RFC 8949) as far as Smithy's rpc-v2-cbor uses it: definite and indefinite lengths, half/single/double floats, tag 1.
#pragma once

#include "base/result.h"
#include "formats/value.h"

namespace holm::formats {

Result<Value, ParseError> parse_cbor(std::string_view bytes, const Limits& limits = {});
std::string write_cbor(const Value& value);

}  // namespace holm::formats
