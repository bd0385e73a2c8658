// Trees of values ↔ values of a shape: what the JSON and CBOR codecs have in common.
#pragma once

#include "aws/codec/bindings.h"
#include "aws/codec/codec_error.h"
#include "aws/schema/shape.h"
#include "formats/value.h"

namespace holm::aws {

enum class TreeFormat : uint8_t {
  Json,  // Bytes are base64, times numbers or text, NaN and infinities text.
  Cbor,  // Bytes are byte strings, times tagged seconds.
  Kept,  // As Json, but members have the model's names, not those of the wire.
};

CodecResult read_tree(const formats::Value& tree, TreeFormat format, const Shape& shape, void* out,
                      Bindings bindings);
formats::Value write_tree(TreeFormat format, const Shape& shape, const void* value,
                          Bindings bindings);

}  // namespace holm::aws
