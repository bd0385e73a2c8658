// Any bytes as a filter: refused, or good to filter anything with.

#include <cstdint>
#include <string_view>

#include "formats/json.h"
#include "services/sns/filter_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string_view policy = text.substr(0, text.find('\n'));
  const std::string_view message = policy.size() == text.size() ? policy : text.substr(policy.size() + 1);
  auto document = formats::parse_json(message);
  for (sns::FilterScope scope : {sns::FilterScope::MessageAttributes, sns::FilterScope::MessageBody}) {
    auto parsed = sns::parse_filter_policy(policy, scope);
    if (parsed && document) (void)sns::passes(*parsed, *document);
  }
  return 0;
}
