// Any bytes as an answer about a custom resource and as a signal of a wait condition.

#include "services/cloudformation/replies.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::cloudformation;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto reply = read_reply(text, {.stack_id = "arn:1", .logical_id = "A", .request_id = "r"});
  if (reply && reply->physical_id.size() > 1024) __builtin_trap();
  auto signal = read_wait_signal(text);
  if (signal && signal->unique_id.empty()) __builtin_trap();
  return 0;
}
