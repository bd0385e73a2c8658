// Tags whose keys begin with "aws:" are AWS's own to write.
// https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
#pragma once

#include <string_view>

#include "aws/service/call.h"
#include "base/strings.h"

namespace holm::aws {

// What Caller::via_service says of what a stack asks for.
inline constexpr std::string_view kStacks = "cloudformation.amazonaws.com";

inline bool is_reserved_tag(std::string_view key) { return to_lower(key).starts_with("aws:"); }

// Whether the tag is AWS's own and the caller is neither a service nor a stack, which act for users.
inline bool may_not_write_tag(const Caller& caller, std::string_view key) {
  if (!is_reserved_tag(key)) return false;
  return caller.principal.kind != Principal::Kind::Service && caller.via_service != kStacks;
}

}  // namespace holm::aws
