// Which members of a structure a document holds.
#pragma once

#include <cstdint>

#include "aws/schema/shape.h"

namespace holm::aws {

// The REST protocols carry some members of an operation's input or output in the path, the query
// string and headers; only the others stand in the document. Nested structures stand there whole.
enum class Bindings : uint8_t {
  Ignored,   // Every member is in the document.
  Honoured,  // Of the outermost structure only those whose location is the body.
};

// The field of a structure at `value`, or null when it is absent (an empty Stream or Document too).
const void* find_present(const Member& member, const void* value);

// The name of a member's element in XML and of its field in the query protocol. A list whose shape
// is flattened, as older models have it, takes the name of its items unless the member has one of
// its own.
std::string_view element_name(const Member& member);
bool is_flattened(const Member& member);

}  // namespace holm::aws
