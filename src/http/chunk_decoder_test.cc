// Chunked bodies as tables, decoded whole, split at every byte, and byte by byte.

#include "http/chunk_decoder.h"

#include <gtest/gtest.h>

namespace holm::http {
namespace {

struct Decoded {
  ChunkState state = ChunkState::More;
  std::string data;
  std::string trailers;
  size_t consumed = 0;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

void feed(ChunkDecoder& decoder, std::string_view input, Decoded& decoded) {
  while (decoded.state == ChunkState::More && !input.empty()) {
    ChunkDecoder::Step step = decoder.decode(input);
    decoded.state = step.state;
    decoded.data += step.data;
    decoded.consumed += step.consumed;
    input.remove_prefix(step.consumed);
  }
}

Decoded decode(std::string_view first, std::string_view second, ChunkLimits limits = {}) {
  ChunkDecoder decoder(limits);
  Decoded decoded;
  feed(decoder, first, decoded);
  feed(decoder, second, decoded);
  for (const Header& header : decoder.trailers()) {
    decoded.trailers.append(header.name).append("=").append(header.value).append(";");
  }
  return decoded;
}

struct Case {
  const char* what;
  std::string text;
  ChunkState state;
  std::string data;
  std::string trailers;
};

const Case kCases[] = {
    {"an empty body", "0\r\n\r\n", ChunkState::End, "", ""},
    {"one chunk", "3\r\nabc\r\n0\r\n\r\n", ChunkState::End, "abc", ""},
    {"two chunks", "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", ChunkState::End, "abc0123456789",
     ""},
    {"leading zeros", "003\r\nabc\r\n000\r\n\r\n", ChunkState::End, "abc", ""},
    {"an extension", "3;a=b;c\r\nabc\r\n0;d\r\n\r\n", ChunkState::End, "abc", ""},
    {"a quoted extension", "3;a=\"x\\\"y;z\"\r\nabc\r\n0\r\n\r\n", ChunkState::End, "abc", ""},
    {"spaces before an extension", "3 \t;a\r\nabc\r\n0\r\n\r\n", ChunkState::End, "abc", ""},
    {"trailers", "0\r\nA: 1\r\nB: 2\r\n\r\n", ChunkState::End, "", "A=1;B=2;"},
    {"line ends in the data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", ChunkState::End, "\r\n\r\n", ""},
    {"no end", "3\r\nabc\r\n", ChunkState::More, "abc", ""},
    {"no size", "\r\n\r\n", ChunkState::Failed, "", ""},
    {"a size that is no number", "x\r\n", ChunkState::Failed, "", ""},
    {"a sign", "+3\r\nabc\r\n0\r\n\r\n", ChunkState::Failed, "", ""},
    {"a prefix", "0x3\r\nabc\r\n0\r\n\r\n", ChunkState::Failed, "", ""},
    {"a space before the size", " 3\r\nabc\r\n", ChunkState::Failed, "", ""},
    {"spaces after the size", "3 \t \r\nabc\r\n0 \r\n\r\n", ChunkState::End, "abc", ""},
    {"a space inside the size", "3 3\r\nabc\r\n", ChunkState::Failed, "", ""},
    {"a size beyond 60 bits", "1000000000000000\r\n", ChunkState::Failed, "", ""},
    {"a size that wraps around", "10000000000000003\r\nabc\r\n", ChunkState::Failed, "", ""},
    {"LF after the size", "3\nabc\r\n0\r\n\r\n", ChunkState::Failed, "", ""},
    {"CR and something after the size", "3\rxabc\r\n", ChunkState::Failed, "", ""},
    {"LF in an extension", "3;a\nabc\r\n0\r\n\r\n", ChunkState::Failed, "", ""},
    {"CR in a quoted extension", "3;a=\"\r\n\"\r\nabc\r\n", ChunkState::Failed, "", ""},
    {"a NUL in an extension", std::string("3;\0\r\nabc\r\n", 10), ChunkState::Failed, "", ""},
    {"more data than the size says", "3\r\nabcd\r\n0\r\n\r\n", ChunkState::Failed, "abc", ""},
    {"less data than the size says", "3\r\nab\r\n0\r\n\r\n", ChunkState::Failed, "ab\r", ""},
    {"LF after the data", "3\r\nabc\n0\r\n\r\n", ChunkState::Failed, "abc", ""},
    {"LF after a trailer", "0\r\nA: 1\n\r\n", ChunkState::Failed, "", ""},
    {"LF at the end", "0\r\n\n", ChunkState::Failed, "", ""},
    {"a trailer without a colon", "0\r\nA\r\n\r\n", ChunkState::Failed, "", ""},
    {"a folded trailer", "0\r\nA: 1\r\n 2\r\n\r\n", ChunkState::Failed, "", ""},
    {"a space before a trailer's colon", "0\r\nA : 1\r\n\r\n", ChunkState::Failed, "", ""},
};

TEST(ChunkDecoder, DecodesTheSameWhereverTheInputIsSplit) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    Decoded whole = decode(c.text, "");
    EXPECT_EQ(whole.state, c.state);
    EXPECT_EQ(whole.data, c.data);
    EXPECT_EQ(whole.trailers, c.trailers);
    for (size_t at = 1; at < c.text.size(); ++at) {
      std::string first = c.text.substr(0, at);
      std::string second = c.text.substr(at);
      ASSERT_EQ(decode(first, second), whole) << "split at " << at;
    }
    ChunkDecoder bytewise;
    Decoded decoded;
    for (char each : c.text) feed(bytewise, std::string_view(&each, 1), decoded);
    EXPECT_EQ(decoded.state, c.state);
    EXPECT_EQ(decoded.data, c.data);
  }
}

TEST(ChunkDecoder, LeavesTheNextMessageAlone) {
  std::string text = "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n";
  Decoded decoded = decode(text, "");
  EXPECT_EQ(decoded.state, ChunkState::End);
  EXPECT_EQ(text.substr(decoded.consumed), "GET / HTTP/1.1\r\n");
}

TEST(ChunkDecoder, StopsAtItsLimits) {
  ChunkLimits limits{.extension_bytes_max = 10, .trailer_bytes_max = 30, .trailer_count_max = 2};
  EXPECT_EQ(decode("1;23456789\r\nx\r\n", "", limits).state, ChunkState::More);
  EXPECT_EQ(decode("1;2345678901\r\nx\r\n", "", limits).state, ChunkState::Failed);
  EXPECT_EQ(decode("0\r\nA: 1\r\nB: 2\r\n\r\n", "", limits).state, ChunkState::End);
  EXPECT_EQ(decode("0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", "", limits).state, ChunkState::Failed);
  EXPECT_EQ(decode("0\r\nA: " + std::string(40, 'x'), "", limits).state, ChunkState::Failed);
}

TEST(ChunkDecoder, FailsForGoodAfterAFailure) {
  ChunkDecoder decoder;
  EXPECT_EQ(decoder.decode("x").state, ChunkState::Failed);
  EXPECT_EQ(decoder.decode("0\r\n\r\n").state, ChunkState::Failed);
}

}  // namespace
}  // namespace holm::http
