// JSON documents ↔ values of a shape, as awsJson and restJson write them.
#pragma once

#include <string>
#include <string_view>

#include "aws/codec/bindings.h"
#include "aws/codec/codec_error.h"
#include "aws/schema/shape.h"

namespace holm::aws {

// Reads into `out`, a default-made value of `shape`. Unknown members are ignored, null is absent, a
// value of the wrong type is an error.
CodecResult read_json(std::string_view text, const Shape& shape, void* out,
                      Bindings bindings = Bindings::Ignored);
// Members that are absent are left out.
std::string write_json(const Shape& shape, const void* value,
                       Bindings bindings = Bindings::Ignored);

// The same with the model's own member names in place of those of the wire: what is kept in a database and read as
// another shape later, and what templates say. (EC2 calls SecurityGroupIds "SecurityGroupId" in one shape and
// "groupSet" in another.)
CodecResult read_kept_json(std::string_view text, const Shape& shape, void* out);
std::string write_kept_json(const Shape& shape, const void* value);

}  // namespace holm::aws
