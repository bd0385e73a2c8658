// Any bytes as a form, fed in two pieces: the parts must be the same wherever the cut is.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "formats/multipart.h"

namespace {

std::string read(std::string_view first, std::string_view second) {
  using Event = holm::formats::MultipartReader::Event;
  holm::formats::MultipartReader reader("b");
  std::string told;
  std::string_view pieces[] = {first, second};
  size_t fed = 0;
  while (true) {
    switch (reader.next()) {
      case Event::NeedMore:
        if (fed == 2) return told + "!";
        reader.feed(pieces[fed++]);
        break;
      case Event::Part: told += "<" + reader.head().name + ">"; break;
      case Event::Data: told += reader.data(); break;
      case Event::PartEnd: told += "</>"; break;
      case Event::End: return told;
      case Event::Malformed: return told + "?";
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)holm::formats::multipart_boundary(text);
  const size_t cut = text.empty() ? 0 : data[0] % text.size();
  // A head that is too long is found out earlier or later, depending on the pieces.
  if (text.size() > 4096) return 0;
  if (read(text, {}) != read(text.substr(0, cut), text.substr(cut))) std::abort();
  return 0;
}
