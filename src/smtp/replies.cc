// Replies, line by line.

#include "smtp/replies.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace holm::smtp {

namespace {

constexpr size_t kLineMax = 2048, kLinesMax = 128;

std::string printable(std::string_view text) {
  std::string result(text);
  std::ranges::replace_if(result, [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

}  // namespace

std::string Reply::text() const { return std::to_string(code) + " " + join(lines, " "); }

// Whether the reply is complete with it.
Result<bool> ReplyReader::take_line(std::string_view line) {
  constexpr size_t kDigits = 3;
  auto code = line.size() < kDigits ? std::nullopt : parse_integer(line.substr(0, kDigits));
  const char mark = line.size() > kDigits ? line[kDigits] : ' ';
  if (!code || *code < 200 || *code > 599 || (mark != ' ' && mark != '-')) {
    return failure("the mail relay does not speak SMTP");
  }
  if (reply_.lines.size() >= kLinesMax) return failure("the mail relay's reply is too long");
  if (!reply_.lines.empty() && reply_.code != *code) return failure("the mail relay's reply has two codes");
  reply_.code = static_cast<int>(*code);
  reply_.lines.push_back(printable(line.substr(std::min(line.size(), kDigits + 1))));
  return mark == ' ';
}

Result<std::optional<Reply>> ReplyReader::feed(std::string_view bytes) {
  pending_ += bytes;
  while (true) {
    const size_t end = pending_.find('\n');
    if (end == std::string::npos || end > kLineMax) {
      if (pending_.size() > kLineMax) return failure("the mail relay's reply is too long");
      return std::nullopt;
    }
    std::string line = pending_.substr(0, end);
    pending_.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    auto is_whole = take_line(line);
    if (!is_whole) return std::unexpected(is_whole.error());
    if (*is_whole) return std::exchange(reply_, Reply());
  }
}

}  // namespace holm::smtp
