// Any bytes as a template with loops: what they become is bounded and can be read or refused.

#include "stacks/language_extensions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::stacks;
  auto root = parse_template_text({reinterpret_cast<const char*>(data), size});
  if (!root) return 0;
  const PseudoParameters pseudo{.account_id = "111122223333", .region = "eu-test-1", .stack_name = "s"};
  std::map<std::string, holm::formats::Value> parameters;
  parameters["Names"] = holm::formats::Array{"a", "b"};
  auto expanded = expand_language_extensions(*root, {.pseudo = pseudo, .parameters = parameters});
  if (expanded) (void)read_template(*expanded);
  return 0;
}
