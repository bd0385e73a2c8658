// CBOR documents ↔ values of a shape, as Smithy's rpc-v2-cbor writes them.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
#pragma once

#include <string>
#include <string_view>

#include "aws/codec/codec_error.h"
#include "aws/schema/shape.h"

namespace holm::aws {

// Reads into `out`, a default-made value of `shape`, under the same rules as read_json.
CodecResult read_cbor(std::string_view bytes, const Shape& shape, void* out);
std::string write_cbor(const Shape& shape, const void* value);

}  // namespace holm::aws
