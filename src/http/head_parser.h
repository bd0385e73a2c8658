// HeadParser: reads the head of an HTTP/1 message out of one buffer. It classifies and does not
// decide: what deviates from RFC 9112 is reported as a set, and a policy says what to do about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/deviations.h"
#include "http/message.h"

namespace holm::http {

enum class Framing : uint8_t {
  None,  // No body, as far as the headers say.
  Length,
  Chunked,
  UntilClose,  // Of a response without either.
};

// What a head says. The views point into the buffer that was parsed last.
struct Head {
  std::string_view method;
  std::string_view target;
  int status = 0;  // Of a response.
  std::string_view reason;
  Version version = Version::Http11;
  // Without whitespace around names and values; of a folded header the value has the line ends, too.
  std::vector<Header> headers;
  std::string_view header_lines;  // All of them, as they came.

  // If the headers contradict each other: Transfer-Encoding wins, then the first Content-Length.
  Framing framing = Framing::None;
  uint64_t length = 0;
  bool keep_alive = true;  // By Connection and version; the deviations are not looked at.
  bool upgrade = false;    // Connection: upgrade, and there is an Upgrade header.
  bool expects_continue = false;
  Deviations deviations;
  size_t bytes = 0;  // The length of the head, with the empty line.
};

struct HeadLimits {
  size_t start_line_bytes_max = 16 * 1024;
  size_t header_bytes_max = 16 * 1024;   // One header line.
  size_t headers_bytes_max = 64 * 1024;  // All of them.
  size_t header_count_max = 256;
};

enum class HeadKind : uint8_t { Request, Response };

enum class HeadState : uint8_t {
  Incomplete,
  Complete,
  StartLineTooLong,
  HeaderTooLong,
  HeadersTooLong,
  TooManyHeaders,
};

// Pure: no I/O, no exceptions, and no memory but two lists, which are used again. Bytes are
// looked at once to find the end and once more to read the head, however they are split.
class HeadParser final {
 public:
  HeadParser(HeadKind kind, HeadLimits limits) : kind_(kind), limits_(limits) {}

  // `buffer` is everything that came since the end of the previous message: the same bytes as in
  // the previous call, possibly elsewhere in memory, and more behind them.
  HeadState parse(std::string_view buffer);
  // After Complete, until the next call.
  const Head& head() const { return head_; }
  // Forgets what was seen of an incomplete head.
  void reset();

 private:
  HeadState find_end(std::string_view buffer);
  HeadState check_line(size_t line_bytes) const;
  void parse_start_line(std::string_view start);

  HeadKind kind_;
  HeadLimits limits_;
  Head head_;
  size_t line_start_ = 0;
  size_t scanned_ = 0;
  size_t headers_start_ = 0;        // 0 until the start line has ended.
  std::vector<size_t> header_ends_;  // Where the LF of each header line is.
};

// The headers, by themselves.
Headers headers_of(const Head& head);

// Reads header lines (a trailer section, without its last empty line) and appends them.
void parse_header_lines(std::string_view lines, std::vector<Header>& headers,
                        Deviations& deviations);

}  // namespace holm::http
