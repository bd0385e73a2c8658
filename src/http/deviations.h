// In what a message's head deviates from RFC 9112, as a set.
#pragma once

#include <cstdint>
#include <initializer_list>

namespace holm::http {

enum class Deviation : uint8_t {
  // Lines.
  LeadingEmptyLine,  // Before the request line.
  BareLf,            // A line that ends without CR.
  BareCr,            // A CR inside a header line.
  NulByte,           // In a header.
  // The request line.
  BadMethod,            // Empty or not a token.
  ExtraWhitespace,      // More than one space between the parts, or a tab.
  SpaceInTarget,        // What is between the first and the last space has a space.
  ControlInTarget,      // A control character other than NUL and CR.
  NulOrCrInTarget,
  NonAsciiTarget,       // A byte above 0x7f.
  BadTarget,            // None of the four forms, or a form that the method may not have.
  Fragment,             // A `#`, with or without something after it.
  BadVersion,           // Not HTTP/digit.digit.
  NoVersion,            // Two parts only, as in HTTP/0.9; read as 1.0.
  Http09,               // Said so; read as 1.0.
  SeveralVersions,      // What is between the first and the last space has a version, too.
  SpaceAfterVersion,
  UnknownMinorVersion,  // HTTP/1.2 and later; read as 1.1.
  UnsupportedVersion,   // Another HTTP/0, or HTTP/2 and later.
  BadStatusLine,        // Of a response.
  // Header lines.
  ObsFold,  // A line that continues the one before.
  SpaceBeforeColon,
  NoColon,
  EmptyHeaderName,
  BadHeaderName,     // Not a token.
  ControlInHeader,   // A control character in the value.
  // Content-Length or Transfer-Encoding but for punctuation, for a space beside it, or for letters
  // that some take for those of ASCII.
  SuspiciousHeader,
  // Who is meant.
  NoHost,  // In HTTP/1.1.
  SeveralHosts,
  BadHost,
  // Where the body ends.
  BadContentLength,        // Not a decimal number below 2^63.
  DuplicateContentLength,  // Several, all the same.
  ListedContentLength,     // Several in one header.
  DifferentContentLengths,
  ContentLengthWithChunked,  // Both Content-Length and Transfer-Encoding.
  BadTransferEncoding,       // A coding that there is not.
  UnsupportedCoding,         // One that there is, besides chunked, or one with parameters.
  IdentityCoding,            // Of old; it stands for no coding.
  SeveralChunked,            // Chunked more than once.
  TransferEncodingInHttp10,  // Or before.
  ContentLengthInHttp09,
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

}  // namespace holm::http
