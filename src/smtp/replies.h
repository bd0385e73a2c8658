// What a relay answers, read from untrusted bytes.
// https://www.rfc-editor.org/rfc/rfc5321#section-4.2
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::smtp {

struct Reply {
  int code = 0;                    // 200 to 599.
  std::vector<std::string> lines;  // Without the code; printable ASCII, the rest is replaced.
  // The lines as one text.
  std::string text() const;
  bool is_good() const { return code / 100 == 2; }
  // Trying again is of use.
  bool is_temporary() const { return code / 100 == 4; }
};

// Takes bytes as they come.
class ReplyReader {
 public:
  // The reply that `bytes` complete, if they do; what follows is kept. An error ends the conversation.
  Result<std::optional<Reply>> feed(std::string_view bytes);

 private:
  Result<bool> take_line(std::string_view line);

  std::string pending_;
  Reply reply_;
};

}  // namespace holm::smtp
