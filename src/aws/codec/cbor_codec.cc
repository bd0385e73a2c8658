// CBOR documents ↔ values of a shape, as Smithy's rpc-v2-cbor writes them.

#include "aws/codec/cbor_codec.h"

#include "aws/codec/tree_codec.h"
#include "formats/cbor.h"

namespace holm::aws {

CodecResult read_cbor(std::string_view bytes, const Shape& shape, void* out) {
  auto tree = formats::parse_cbor(bytes);
  if (!tree) return codec_failure("The CBOR is malformed: " + tree.error().describe());
  return read_tree(*tree, TreeFormat::Cbor, shape, out, Bindings::Ignored);
}

std::string write_cbor(const Shape& shape, const void* value) {
  return formats::write_cbor(write_tree(TreeFormat::Cbor, shape, value, Bindings::Ignored));
}

}  // namespace holm::aws
