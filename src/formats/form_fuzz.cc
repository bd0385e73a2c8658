// Any bytes as a form: what is read must be written and read back equal.

#include <cstdlib>

#include "formats/form.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::formats;
  auto form = parse_form({reinterpret_cast<const char*>(data), size});
  if (!form) return 0;
  auto again = parse_form(write_form(*form));
  if (!again) abort();
  return 0;
}
