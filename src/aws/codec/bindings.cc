// Which members of a structure a document holds.

#include "aws/codec/bindings.h"

namespace holm::aws {

const void* find_present(const Member& member, const void* value) {
  const void* field = find_field(member, value);
  if (!field) return nullptr;
  if (member.shape->kind == Kind::Document && !*static_cast<const Document*>(field)) return nullptr;
  if (member.shape->kind == Kind::Stream && !*static_cast<const Stream*>(field)) return nullptr;
  return field;
}

bool is_flattened(const Member& member) {
  return member.is_flattened || member.shape->is_flattened;
}

std::string_view element_name(const Member& member) {
  bool is_named_by_items = member.shape->kind == Kind::List && member.shape->is_flattened &&
                           member.wire_name == member.name &&
                           member.shape->element->wire_name != "member";
  return is_named_by_items ? member.shape->element->wire_name : member.wire_name;
}

}  // namespace holm::aws
