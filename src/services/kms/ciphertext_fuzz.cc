// Any bytes as a ciphertext; what is one comes back as it was.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "services/kms/ciphertext.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto parsed = holm::kms::parse_ciphertext(bytes);
  if (!parsed) return 0;
  const auto again = holm::kms::parse_ciphertext(holm::kms::write_ciphertext(*parsed));
  if (!again || again->sealed != parsed->sealed || again->version != parsed->version) std::abort();
  return 0;
}
