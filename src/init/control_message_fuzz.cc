// What anybody in an instance may send to its first process, or write where it is read.

#include <cstddef>
#include <cstdint>

#include "init/accounts.h"
#include "init/control_message.h"
#include "init/entry_text.h"
#include "init/environment.h"
#include "init/notify_socket.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace holm::init;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto fields = decode_fields(text, kRequestBytesMax); fields && *fields) {
    if (*decode_fields(encode_fields(**fields), kReplyBytesMax) != **fields) __builtin_trap();
  }
  parse_notice(text);
  parse_environment_file(text);
  if (auto entry = parse_entry(text)) {
    const std::string line = encode_entry(*entry);
    if (!parse_entry(std::string_view(line).substr(0, line.size() - 1))) __builtin_trap();
  }
  (void)parse_moment(text, Calendar(0));
  const AccountFiles files{.passwd = std::string(text), .group = std::string(text)};
  (void)find_identity(files, "a", "b", {"1"});
  return 0;
}
