// The engine's view of one stack: rows, and what lies outside the template.
#pragma once

#include <memory>
#include <string>

#include "aws/service/call.h"
#include "stacks/engine.h"

namespace holm::cloudformation {

// AWS::URLSuffix: the names that holm serves end in it.
inline constexpr std::string_view kUrlSuffix = "localhost";

// A stack inside an open write transaction. `call.principal` is for whom the stack acts.
std::unique_ptr<stacks::Session> open_session(aws::Call& call, const std::string& stack_id);

// What lies outside any stack: exports, parameters, zones. For checking parameters and planning
// changes; imports are not remembered. `call` outlives it and may only read.
std::unique_ptr<stacks::Lookups> open_lookups(aws::Call& call);

// The stack for the engine's job; null when there is no such stack any more. Blocks; job threads only.
std::unique_ptr<stacks::Store> open_store(aws::Region& region, const Clock& clock,
                                          const std::string& stack_id);

}  // namespace holm::cloudformation
