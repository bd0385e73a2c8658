// Heads as tables: what is understood and which deviations are reported, however the bytes arrive.

#include "http/head_parser.h"

#include <gtest/gtest.h>

#include <random>

#include "http/characters.h"
#include "http/strict_policy.h"

namespace holm::http {
namespace {

using enum Deviation;

struct Case {
  const char* what;
  std::string text;
  Deviations deviations;
  std::optional<int> refusal;
};

std::string get(std::string_view headers) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}
std::string post(std::string_view headers) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}
std::string line(std::string_view start) { return std::string(start) + "\r\nHost: a\r\n\r\n"; }

const std::string kNul(1, '\0');

const Case kRequests[] = {
    {"an ordinary request", get("Accept: */*\r\n"), {}, {}},
    {"a request to a proxy", line("GET http://a:80/x?y HTTP/1.1"), {}, {}},
    {"an absolute target without a path", line("GET https://a HTTP/1.1"), {}, {}},
    {"a tunnel", line("CONNECT a:443 HTTP/1.1"), {}, {}},
    {"options of the server", line("OPTIONS * HTTP/1.1"), {}, {}},
    {"an unusual method", line("M-SEARCH / HTTP/1.1"), {}, {}},
    {"an empty header value", get("X:\r\n"), {}, {}},
    {"bytes above 127 in a value", get("X: \xc3\xa9\r\n"), {}, {}},
    {"no host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", {}, {}},
    {"an empty line first", "\r\n" + get(""), {LeadingEmptyLine}, {}},
    {"lines that end in LF only", "GET / HTTP/1.1\nHost: a\n\n", {BareLf}, 400},
    {"one line that ends in LF only", get("X: 1\nY: 2\r\n"), {BareLf}, 400},
    {"the empty line ends in LF only", "GET / HTTP/1.1\r\nHost: a\r\n\n", {BareLf}, 400},
    {"a CR inside a value", get("X: 1\rY: 2\r\n"), {BareCr}, 400},
    {"a CR before the line's end", get("X: 1\r\r\n"), {BareCr}, 400},
    {"a NUL in a value", get("X: 1" + kNul + "2\r\n"), {NulByte}, 400},
    {"a NUL in a name", get("X" + kNul + ": 1\r\n"), {NulByte}, 400},
    {"a NUL in the target", line("GET /" + kNul + " HTTP/1.1"), {NulOrCrInTarget}, 400},
    {"another control character in a value", get("X: \x01\r\n"), {ControlInHeader}, 400},
    {"a vertical tab before chunked",
     post("Transfer-Encoding: \x0b"
          "chunked\r\n"),
     {ControlInHeader, BadTransferEncoding},
     400},
    {"a method that is no token", line("GE(T / HTTP/1.1"), {BadMethod}, 400},
    {"no method", line(" / HTTP/1.1"), {BadMethod}, 400},
    {"two spaces after the method", line("GET  / HTTP/1.1"), {ExtraWhitespace}, 400},
    {"two spaces before the version", line("GET /  HTTP/1.1"), {ExtraWhitespace}, 400},
    {"a tab in the request line",
     line("GET /\tx HTTP/1.1"),
     {ExtraWhitespace, ControlInTarget},
     400},
    {"a space in the target", line("GET /a b HTTP/1.1"), {SpaceInTarget}, 400},
    {"a control character in the target", line("GET /\x7f HTTP/1.1"), {ControlInTarget}, 400},
    {"a byte above 127 in the target", line("GET /\xc3\xa9 HTTP/1.1"), {NonAsciiTarget}, {}},
    {"a target without a slash", line("GET a HTTP/1.1"), {BadTarget}, 400},
    {"an asterisk with GET", line("GET * HTTP/1.1"), {BadTarget}, 400},
    {"a fragment", line("GET /a#b HTTP/1.1"), {Fragment}, 400},
    {"another scheme", line("GET ftp://a/ HTTP/1.1"), {BadTarget}, 400},
    {"user information", line("GET http://u@a/ HTTP/1.1"), {BadTarget}, 400},
    {"a tunnel to nowhere", line("CONNECT / HTTP/1.1"), {BadTarget}, 400},
    {"no version", line("GET /"), {NoVersion}, 400},
    {"no version but a space", line("GET / "), {NoVersion}, 400},
    {"HTTP/0.9", line("GET / HTTP/0.9"), {Http09}, 505},
    {"HTTP/0.8", line("GET / HTTP/0.8"), {UnsupportedVersion}, 505},
    {"a space after the version", line("GET / HTTP/1.1 "), {SpaceAfterVersion}, 400},
    {"two versions", line("GET / HTTP/1.1 HTTP/1.1"), {SpaceInTarget, SeveralVersions}, 400},
    {"a CR in the target", line("GET /\rx HTTP/1.1"), {NulOrCrInTarget}, 400},
    {"a length in HTTP/0.9",
     "POST / HTTP/0.9\r\nContent-Length: 3\r\n\r\n",
     {Http09, ContentLengthInHttp09},
     400},
    {"a version in small letters", line("GET / http/1.1"), {BadVersion}, 400},
    {"a version with more digits", line("GET / HTTP/1.10"), {BadVersion}, 400},
    {"HTTP/1.2", line("GET / HTTP/1.2"), {UnknownMinorVersion}, {}},
    {"HTTP/2.0", line("GET / HTTP/2.0"), {UnsupportedVersion}, 505},
    {"a folded header", get("X: 1\r\n 2\r\n"), {ObsFold}, 400},
    {"whitespace before the first header",
     "GET / HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n",
     {ObsFold},
     400},
    {"a space before the colon", get("X : 1\r\n"), {SpaceBeforeColon}, 400},
    {"a header without a colon", get("X\r\n"), {NoColon}, 400},
    {"a header without a name", get(": 1\r\n"), {EmptyHeaderName}, 400},
    {"a name that is no token", get("X@: 1\r\n"), {BadHeaderName}, 400},
    {"no host", "GET / HTTP/1.1\r\n\r\n", {NoHost}, 400},
    {"two hosts", get("Host: b\r\n"), {SeveralHosts}, 400},
    {"a host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", {BadHost}, 400},
    {"a host with user information", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", {BadHost}, 400},
    {"a length with a sign", post("Content-Length: +5\r\n"), {BadContentLength}, 400},
    {"a negative length", post("Content-Length: -5\r\n"), {BadContentLength}, 400},
    {"a hexadecimal length", post("Content-Length: 0x5\r\n"), {BadContentLength}, 400},
    {"an empty length", post("Content-Length:\r\n"), {BadContentLength}, 400},
    {"a length with a space", post("Content-Length: 1 2\r\n"), {BadContentLength}, 400},
    {"a length beyond 63 bits",
     post("Content-Length: 9223372036854775808\r\n"),
     {BadContentLength},
     400},
    {"a length far beyond",
     post("Content-Length: 99999999999999999999999999\r\n"),
     {BadContentLength},
     400},
    {"the same length twice",
     post("Content-Length: 5\r\ncontent-length: 5\r\n"),
     {DuplicateContentLength},
     {}},
    {"the same length in a list",
     post("Content-Length: 5, 5\r\n"),
     {ListedContentLength, DuplicateContentLength},
     {}},
    {"different lengths",
     post("Content-Length: 5\r\nContent-Length: 6\r\n"),
     {DifferentContentLengths},
     400},
    {"different lengths in a list",
     post("Content-Length: 5,6\r\n"),
     {ListedContentLength, DifferentContentLengths},
     400},
    {"a length and an empty element",
     post("Content-Length: 5,\r\n"),
     {ListedContentLength, BadContentLength},
     400},
    {"length and chunked",
     post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
     {ContentLengthWithChunked},
     400},
    {"chunked in capitals", post("Transfer-Encoding: Chunked\r\n"), {}, {}},
    {"another coding", post("Transfer-Encoding: gzip\r\n"), {UnsupportedCoding}, 501},
    {"another coding under chunked",
     post("Transfer-Encoding: gzip, chunked\r\n"),
     {UnsupportedCoding},
     501},
    {"another coding after chunked",
     post("Transfer-Encoding: chunked, gzip\r\n"),
     {UnsupportedCoding},
     501},
    {"a coding that there is not",
     post("Transfer-Encoding: xchunked\r\n"),
     {BadTransferEncoding},
     501},
    {"identity after chunked",
     post("Transfer-Encoding: chunked, identity\r\n"),
     {UnsupportedCoding},
     501},
    {"chunked around another",
     post("Transfer-Encoding: chunked, gzip, chunked\r\n"),
     {SeveralChunked, UnsupportedCoding},
     400},
    {"identity", post("Transfer-Encoding: identity\r\n"), {IdentityCoding}, 501},
    {"chunked with a parameter",
     post("Transfer-Encoding: chunked;x\r\n"),
     {UnsupportedCoding},
     501},
    {"no coding", post("Transfer-Encoding:\r\n"), {BadTransferEncoding}, 501},
    {"chunked twice", post("Transfer-Encoding: chunked, chunked\r\n"), {SeveralChunked}, 400},
    {"chunked in two headers",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
     {SeveralChunked},
     400},
    {"chunked in HTTP/1.0",
     "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
     {TransferEncodingInHttp10},
     400},
    {"a name like that of a framing header",
     post("Transfer_Encoding: chunked\r\n"),
     {SuspiciousHeader},
     {}},
    {"a framing header with a space after it",
     post("Content-Length : 0\r\n"),
     {SpaceBeforeColon, SuspiciousHeader},
     400},
    {"letters that fold to those of a framing header",
     post("Tran\xc5\xbf"
          "fer-Encod\xc4\xb1ng: chunked\r\n"),
     {BadHeaderName, SuspiciousHeader},
     400},
    {"GET with an empty body", get("Content-Length: 0\r\n"), {GetOrHeadWithZeroLength}, {}},
    {"GET with a body", get("Content-Length: 3\r\n"), {GetOrHeadWithLength}, {}},
    {"GET with a chunked body", get("Transfer-Encoding: chunked\r\n"), {GetOrHeadWithChunked}, {}},
};

TEST(HeadParser, ReportsEveryDeviationAndTheStrictPolicyDecides) {
  for (const Case& c : kRequests) {
    SCOPED_TRACE(c.what);
    HeadParser parser(HeadKind::Request, {});
    ASSERT_EQ(parser.parse(c.text), HeadState::Complete);
    EXPECT_EQ(parser.head().deviations, c.deviations);
    EXPECT_EQ(refusal_of(parser.head().deviations), c.refusal);
    EXPECT_EQ(parser.head().bytes, c.text.size());
  }
}

// Everything a head says, as text that can be compared.
std::string summary(const Head& head) {
  std::string text(head.method);
  text.append("|").append(head.target).append("|").append(std::to_string(head.length));
  text.append("|").append(std::to_string(static_cast<int>(head.framing)));
  text.append("|").append(std::to_string(head.bytes));
  for (const Header& header : head.headers) {
    text.append("|").append(header.name).append("=").append(header.value);
  }
  return text;
}

TEST(HeadParser, UnderstandsTheSameWhereverTheInputIsSplit) {
  for (const Case& c : kRequests) {
    SCOPED_TRACE(c.what);
    HeadParser whole(HeadKind::Request, {});
    ASSERT_EQ(whole.parse(c.text), HeadState::Complete);
    for (size_t at = 0; at < c.text.size(); ++at) {
      HeadParser split(HeadKind::Request, {});
      // Copies, so that a view of the first buffer would be noticed by the sanitizer.
      HeadState first = split.parse(std::string(c.text, 0, at));
      ASSERT_EQ(first, HeadState::Incomplete) << "split at " << at;
      std::string all = c.text;
      ASSERT_EQ(split.parse(all), HeadState::Complete);
      ASSERT_EQ(summary(split.head()), summary(whole.head())) << "split at " << at;
      ASSERT_EQ(split.head().deviations, c.deviations) << "split at " << at;
    }
    HeadParser bytewise(HeadKind::Request, {});
    for (size_t size = 1; size < c.text.size(); ++size) {
      ASSERT_EQ(bytewise.parse(std::string_view(c.text).substr(0, size)), HeadState::Incomplete);
    }
    ASSERT_EQ(bytewise.parse(c.text), HeadState::Complete);
    EXPECT_EQ(summary(bytewise.head()), summary(whole.head()));
  }
}

TEST(HeadParser, LeavesWhatFollowsTheHeadAlone) {
  HeadParser parser(HeadKind::Request, {});
  std::string text = get("A: 1\r\n") + "GET /2 HTTP/1.1\r\nHost: b\r\n\r\n";
  ASSERT_EQ(parser.parse(text), HeadState::Complete);
  std::string_view rest = std::string_view(text).substr(parser.head().bytes);
  ASSERT_EQ(parser.parse(rest), HeadState::Complete);
  EXPECT_EQ(parser.head().target, "/2");
  EXPECT_EQ(parser.head().headers.size(), 1u);
}

struct MeaningCase {
  const char* what;
  std::string text;
  Framing framing;
  uint64_t length;
  bool keep_alive;
  bool upgrade;
  bool expects_continue;
};

const MeaningCase kMeanings[] = {
    {"GET", get(""), Framing::None, 0, true, false, false},
    {"a length", post("Content-Length: 0012\r\n"), Framing::Length, 12, true, false, false},
    {"chunked", post("Transfer-Encoding: chunked\r\n"), Framing::Chunked, 0, true, false, false},
    {"identity is no coding", post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n"),
     Framing::Length, 5, true, false, false},
    {"chunked wins", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), Framing::Chunked,
     0, true, false, false},
    {"close", get("Connection: x, Close\r\n"), Framing::None, 0, false, false, false},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", Framing::None, 0, false, false, false},
    {"HTTP/1.0 kept", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Framing::None, 0, true,
     false, false},
    {"upgrade", get("Connection: Upgrade\r\nUpgrade: websocket\r\n"), Framing::None, 0, true, true,
     false},
    {"upgrade that is not announced", get("Upgrade: websocket\r\n"), Framing::None, 0, true, false,
     false},
    {"expect", post("Expect: 100-Continue\r\nContent-Length: 1\r\n"), Framing::Length, 1, true,
     false, true},
};

TEST(HeadParser, SaysWhatTheHeadersMean) {
  for (const MeaningCase& c : kMeanings) {
    SCOPED_TRACE(c.what);
    HeadParser parser(HeadKind::Request, {});
    ASSERT_EQ(parser.parse(c.text), HeadState::Complete);
    EXPECT_EQ(parser.head().framing, c.framing);
    EXPECT_EQ(parser.head().length, c.length);
    EXPECT_EQ(parser.head().keep_alive, c.keep_alive);
    EXPECT_EQ(parser.head().upgrade, c.upgrade);
    EXPECT_EQ(parser.head().expects_continue, c.expects_continue);
  }
}

struct ResponseCase {
  const char* what;
  std::string text;
  bool sound;
  int status;
  std::string_view reason;
  Framing framing;
};

const ResponseCase kResponses[] = {
    {"an ordinary response", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, 200, "OK",
     Framing::Length},
    {"no reason", "HTTP/1.1 404\r\n\r\n", true, 404, "", Framing::UntilClose},
    {"an empty reason", "HTTP/1.1 404 \r\n\r\n", true, 404, "", Framing::UntilClose},
    {"a long reason", "HTTP/1.1 404 Not Found Here\r\n\r\n", true, 404, "Not Found Here",
     Framing::UntilClose},
    {"another coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false, 200, "OK",
     Framing::UntilClose},
    {"no status", "HTTP/1.1 OK\r\n\r\n", false, 0, "", Framing::UntilClose},
    {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", false, 0, "", Framing::UntilClose},
    {"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", false, 0, "", Framing::UntilClose},
    {"another protocol", "SSH-2.0-x\r\n\r\n", false, 0, "", Framing::UntilClose},
};

TEST(HeadParser, ReadsResponses) {
  for (const ResponseCase& c : kResponses) {
    SCOPED_TRACE(c.what);
    HeadParser parser(HeadKind::Response, {});
    ASSERT_EQ(parser.parse(c.text), HeadState::Complete);
    EXPECT_EQ(is_sound_response(parser.head()), c.sound);
    EXPECT_EQ(parser.head().status, c.status);
    EXPECT_EQ(parser.head().reason, c.reason);
    EXPECT_EQ(parser.head().framing, c.framing);
  }
}

TEST(HeadParser, StopsAtItsLimits) {
  HeadLimits limits{.start_line_bytes_max = 20,
                    .header_bytes_max = 10,
                    .headers_bytes_max = 40,
                    .header_count_max = 3};
  struct LimitCase {
    const char* what;
    std::string text;
    HeadState state;
  };
  const std::string start = "GET /7890 HTTP/1.1\r\n";
  const LimitCase kCases[] = {
      {"a start line that fits", "GET /789012 HTTP/1.1", HeadState::Incomplete},
      {"a start line that does not", "GET /7890123 HTTP/1.1", HeadState::StartLineTooLong},
      {"empty lines for ever", std::string(60, '\n'), HeadState::StartLineTooLong},
      {"a header that fits", start + "A: 4567890\r\n", HeadState::Incomplete},
      {"a header that does not", start + "A: 45678901", HeadState::HeaderTooLong},
      {"headers that fit", start + "A: 1\r\nB: 2\r\nC: 3\r\n\r\n", HeadState::Complete},
      {"too many", start + "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", HeadState::TooManyHeaders},
      {"too long together", start + "A: 4567890\r\nB: 4567890\r\nC: 4567890\r\nD: 4567",
       HeadState::HeadersTooLong},
  };
  for (const LimitCase& c : kCases) {
    SCOPED_TRACE(c.what);
    HeadParser parser(HeadKind::Request, limits);
    EXPECT_EQ(parser.parse(c.text), c.state);
  }
}

TEST(HeadParser, KeepsTheLinesOfAFoldedValueTogether) {
  HeadParser parser(HeadKind::Request, {});
  std::string text = get("X: 1\r\n 2\r\n\t3\r\nY: 4\r\n");
  ASSERT_EQ(parser.parse(text), HeadState::Complete);
  EXPECT_EQ(parser.head().headers[1].value, "1\r\n 2\r\n\t3");
  EXPECT_EQ(parser.head().headers[2].value, "4");
}

TEST(Characters, OfTextAreFoundWhereverTheyStand) {
  for (size_t length = 0; length < 40; ++length) {
    for (size_t at = 0; at < length; ++at) {
      for (unsigned c = 0; c < 256; ++c) {
        std::string text(length, 'a');
        text[at] = static_cast<char>(c);
        ASSERT_EQ(is_text(text), all(kText, text)) << length << " " << at << " " << c;
      }
    }
  }
  EXPECT_TRUE(is_text("a\tb and so on")) << "after a tab all the rest is looked at";
  EXPECT_FALSE(is_text("a\tb and so on\x01"));
}

}  // namespace
TEST(Characters, OfTokensAreCountedUpToTheFirstOther) {
  for (size_t size = 0; size <= 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (unsigned c = 0; c < 256; ++c) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(c);
        const bool is_of_token = is(kToken, static_cast<char>(c));
        ASSERT_EQ(token_bytes(text), is_of_token ? size : at) << size << " " << at << " " << c;
      }
    }
  }
}

}  // namespace holm::http
