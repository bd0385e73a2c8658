// Form fields → values of a shape, as clients of the query and ec2 protocols send their input.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
// https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
#pragma once

#include <span>

#include "aws/codec/codec_error.h"
#include "aws/schema/shape.h"

namespace holm::formats {
struct FormField;
}

namespace holm::aws {

enum class FormDialect {
  Query,  // "Filters.member.1.Name", "Tags.entry.1.key"
  Ec2,    // "Filter.1.Name"
};

// Reads into `out`, a default-made structure of `shape`. Unknown fields (Action, Version) are
// ignored. List items stand in the order of their numbers; gaps do not matter.
CodecResult read_form(std::span<const formats::FormField> form, FormDialect dialect,
                      const Shape& shape, void* out);

}  // namespace holm::aws
