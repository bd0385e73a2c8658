// CBOR (RFC 8949) as far as Smithy's rpc-v2-cbor uses it: definite and indefinite lengths, floats
// of half, single and double width, tag 1.
#pragma once

#include "base/result.h"
#include "formats/value.h"

namespace holm::formats {

// Names of members must be text and unique; undefined reads as null; tags other than 1 are refused.
// Integers beyond int64_t become Value::Number. Places count bytes: line 1, column = offset + 1.
Result<Value, ParseError> parse_cbor(std::string_view bytes, const Limits& limits = {});
std::string write_cbor(const Value& value);

}  // namespace holm::formats
