// JSON documents ↔ values of a shape, as awsJson and restJson write them.

#include "aws/codec/json_codec.h"

#include "aws/codec/tree_codec.h"
#include "formats/json.h"

namespace holm::aws {

namespace {

CodecResult read(std::string_view text, TreeFormat format, const Shape& shape, void* out, Bindings bindings) {
  // How long it may be is the gateway's to say, for each operation.
  auto tree = formats::parse_json(text, {.bytes = text.size()});
  if (!tree) return codec_failure("The JSON is malformed: " + tree.error().describe());
  return read_tree(*tree, format, shape, out, bindings);
}

}  // namespace

CodecResult read_json(std::string_view text, const Shape& shape, void* out, Bindings bindings) {
  return read(text, TreeFormat::Json, shape, out, bindings);
}

std::string write_json(const Shape& shape, const void* value, Bindings bindings) {
  return formats::write_json(write_tree(TreeFormat::Json, shape, value, bindings));
}

CodecResult read_kept_json(std::string_view text, const Shape& shape, void* out) {
  return read(text, TreeFormat::Kept, shape, out, Bindings::Ignored);
}

std::string write_kept_json(const Shape& shape, const void* value) {
  return formats::write_json(write_tree(TreeFormat::Kept, shape, value, Bindings::Ignored));
}

}  // namespace holm::aws
