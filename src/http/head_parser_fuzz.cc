// Any bytes, as a request and as a response, whole and split: the same is understood, views lie in
// the input, and what the strict policy lets pass is unambiguous.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "http/characters.h"
#include "http/head_parser.h"
#include "http/strict_policy.h"

namespace {

using namespace holm::http;

void require(bool condition) {
  if (!condition) std::abort();
}

bool lies_in(std::string_view view, std::string_view buffer) {
  return view.empty() || (view.data() >= buffer.data() &&
                          view.data() + view.size() <= buffer.data() + buffer.size());
}

enum class Outcome { Incomplete, Complete, StartLineTooLong, HeadersTooLarge };

Outcome outcome(HeadState state) {
  switch (state) {
    case HeadState::Incomplete:
      return Outcome::Incomplete;
    case HeadState::Complete:
      return Outcome::Complete;
    case HeadState::StartLineTooLong:
      return Outcome::StartLineTooLong;
    case HeadState::HeaderTooLong:
    case HeadState::HeadersTooLong:
    case HeadState::TooManyHeaders:
      return Outcome::HeadersTooLarge;
  }
  std::abort();
}

void check(HeadKind kind, std::string_view input, size_t split) {
  HeadLimits limits{.start_line_bytes_max = 200,
                    .header_bytes_max = 200,
                    .headers_bytes_max = 1000,
                    .header_count_max = 20};
  HeadParser whole(kind, limits);
  HeadState state = whole.parse(input);
  HeadParser parts(kind, limits);
  HeadState split_state = parts.parse(std::string(input.substr(0, split)));
  if (split_state == HeadState::Incomplete) split_state = parts.parse(input);
  // Of several limits that are exceeded, the one met first depends on the split.
  require(outcome(state) == outcome(split_state));
  if (state != HeadState::Complete) return;

  const Head& head = whole.head();
  require(head.bytes > 0 && head.bytes <= input.size());
  require(lies_in(head.method, input) && lies_in(head.target, input));
  require(head.headers.size() <= limits.header_count_max);
  for (const Header& header : head.headers) {
    require(lies_in(header.name, input) && lies_in(header.value, input));
  }
  const Headers headers = headers_of(head);
  require(std::ranges::equal(headers, head.headers));
  for (const Header& header : headers) {
    const bool is_sound = !header.name.empty() && all(kToken, header.name) && all(kText, header.value);
    require(is_sound || headers.content() == Headers::Content::Unknown);
  }
  if (split < head.bytes) {
    require(head.deviations == parts.head().deviations && head.bytes == parts.head().bytes);
    require(head.framing == parts.head().framing && head.length == parts.head().length);
  }
  if (kind == HeadKind::Response || refusal_of(head.deviations)) return;
  std::string_view text = input.substr(0, head.bytes);
  require(text.find('\0') == std::string_view::npos);
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') require(at > 0 && text[at - 1] == '\r');
    if (text[at] == '\r') require(at + 1 < text.size() && text[at + 1] == '\n');
  }
  require(head.framing != Framing::UntilClose);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The first byte says where to split.
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  size_t split = input.empty() ? 0 : data[0] % (input.size() + 1);
  check(HeadKind::Request, input, split);
  check(HeadKind::Response, input, split);
  return 0;
}
