// Public keys as a stranger may write them.

#include "crypto/ssh_key.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)holm::crypto::read_ssh_public_key({reinterpret_cast<const char*>(data), size});
  return 0;
}
