// Any bytes as a function's answer: a response that can be sent, or none.

#include <cstdlib>
#include <string_view>

#include "dataplane/balancer/function_event.h"
#include "http/response_head.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::balancer;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (EventHeaders kind : {EventHeaders::Single, EventHeaders::Multiple}) {
    const auto response = read_function_answer(input, kind);
    if (!response) continue;
    const bool is_sound = response->status >= 200 && response->status <= 599 &&
                          holm::http::can_be_sent(response->headers);
    if (!is_sound || response->headers.has("content-length")) std::abort();
  }
  return 0;
}
