// HeadParser: reads the head of an HTTP/1 message out of one buffer. It classifies and does not
// decide: what deviates from RFC 9112 is reported as a set, and a policy says what to do about it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace holm::http {

enum class Deviation : uint8_t {
  // Lines.
  LeadingEmptyLine,  // Before the request line.
  BareLf,            // A line that ends without CR.
  BareCr,            // A CR inside a line.
  NulByte,
  // The request line.
  BadMethod,            // Empty or not a token.
  ExtraWhitespace,      // More than one space between the parts, or a tab.
  SpaceInTarget,        // What is between the first and the last space has a space.
  ControlInTarget,      // A control character other than those above.
  NonAsciiTarget,       // A byte above 0x7f.
  BadTarget,            // None of the four forms, or a form that the method may not have.
  BadVersion,           // Not HTTP/digit.digit; HTTP/0.9 has none.
  UnknownMinorVersion,  // HTTP/1.2 and later; read as 1.1.
  UnsupportedVersion,   // HTTP/0 or HTTP/2 and later.
  BadStatusLine,        // Of a response.
  // Header lines.
  ObsFold,  // A line that continues the one before.
  SpaceBeforeColon,
  NoColon,
  EmptyHeaderName,
  BadHeaderName,     // Not a token.
  ControlInHeader,   // A control character in the value.
  SuspiciousHeader,  // Like Content-Length or Transfer-Encoding but for its punctuation.
  // Who is meant.
  NoHost,  // In HTTP/1.1.
  SeveralHosts,
  BadHost,
  // Where the body ends.
  BadContentLength,        // Not a decimal number below 2^63.
  DuplicateContentLength,  // Several, all the same.
  DifferentContentLengths,
  ContentLengthWithChunked,  // Both Content-Length and Transfer-Encoding.
  BadTransferEncoding,       // Anything but chunked as the last coding.
  SeveralChunked,            // Chunked more than once.
  TransferEncodingInHttp10,
  // What RFC 9110 leaves without a meaning.
  GetOrHeadWithZeroLength,  // Content-Length: 0.
  GetOrHeadWithLength,      // A Content-Length above 0.
  GetOrHeadWithChunked,
};

class Deviations final {
 public:
  constexpr Deviations() = default;
  constexpr Deviations(std::initializer_list<Deviation> list) {
    for (Deviation each : list) add(each);
  }
  constexpr void add(Deviation deviation) { bits_ |= bit(deviation); }
  constexpr bool has(Deviation deviation) const { return (bits_ & bit(deviation)) != 0; }
  constexpr bool any_of(Deviations others) const { return (bits_ & others.bits_) != 0; }
  constexpr Deviations without(Deviations others) const {
    Deviations rest;
    rest.bits_ = bits_ & ~others.bits_;
    return rest;
  }
  constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(Deviations, Deviations) = default;

 private:
  static constexpr uint64_t bit(Deviation deviation) {
    return uint64_t{1} << static_cast<unsigned>(deviation);
  }
  uint64_t bits_ = 0;
};

struct HeaderView {
  std::string_view name;   // Without whitespace around it.
  std::string_view value;  // Likewise; of a folded header it holds the line ends too.
};

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
  std::vector<HeaderView> headers;

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

// Pure: no I/O, no exceptions, and no memory but the header list, which is used again. Bytes are
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
  HeadState check_line(size_t line_bytes);

  HeadKind kind_;
  HeadLimits limits_;
  Head head_;
  size_t line_start_ = 0;
  size_t scanned_ = 0;
  size_t headers_start_ = 0;  // 0 until the start line has ended.
  size_t header_count_ = 0;
};

// Reads header lines (a trailer section, without its last empty line) and appends them.
void parse_header_lines(std::string_view lines, std::vector<HeaderView>& headers,
                        Deviations& deviations);

}  // namespace holm::http
