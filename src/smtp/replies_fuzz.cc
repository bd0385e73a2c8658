// Any bytes as replies, in any pieces: refused or read alike.

#include <algorithm>

#include "base/check.h"
#include "smtp/replies.h"

namespace {

using holm::smtp::Reply;
using holm::smtp::ReplyReader;

std::vector<std::string> read(std::string_view bytes, size_t piece) {
  std::vector<std::string> texts;
  ReplyReader reader;
  while (!bytes.empty()) {
    auto reply = reader.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (reply && *reply) {
      texts.push_back((*reply)->text());
      reply = reader.feed("");
    }
    if (!reply) {
      texts.push_back("error");
      break;
    }
  }
  return texts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CHECK_FATAL(read(bytes, size + 1) == read(bytes, 1));
  return 0;
}
