// Bodies in chunks: S3's documented examples, every split, every altered byte, every kind of broken
// framing.

#include "aws/signature/chunked.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "async/sync_wait.h"
#include "aws/signature/canonical.h"
#include "base/strings.h"
#include "crypto/crc.h"

namespace holm::aws::signature {
namespace {

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kSeed =
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";

Verified verified(PayloadMode mode, std::string_view seed = kSeed) {
  const Scope scope{"20130524", "us-east-1", "s3"};
  return {.signing_key = derive_signing_key(kSecret, scope),
          .time = "20130524T000000Z",
          .scope = to_text(scope),
          .signature = std::string(seed),
          .payload = mode};
}

struct Outcome {
  std::string decoded, problem;
  std::vector<Trailer> trailers;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Feeds `wire` in pieces that end at each of `ends` and at the end.
Outcome decode(const Verified& request, const ChunkDecoder::Options& options, std::string_view wire,
               std::vector<size_t> ends = {}) {
  ChunkDecoder decoder(request, options);
  Outcome outcome;
  ends.push_back(wire.size());
  size_t begin = 0;
  for (size_t end : ends) {
    const std::string copy(wire.substr(begin, end - begin));
    begin = end;
    std::string_view input = copy;
    while (!input.empty()) {
      const auto piece = decoder.decode(input);
      if (!piece) {
        outcome.problem = piece.error().code;
        return outcome;
      }
      outcome.decoded += *piece;
    }
  }
  const auto finished = decoder.finish();
  if (!finished) outcome.problem = finished.error().code;
  outcome.trailers = decoder.trailers();
  return outcome;
}

// What a client sends. With `trailers` in the signed form they are signed too.
struct Sender {
  PayloadMode mode = PayloadMode::StreamingSigned;
  std::vector<std::string> chunks;
  std::vector<Trailer> trailers;

  bool is_signed() const { return mode != PayloadMode::StreamingUnsignedTrailer; }

  std::string wire() const {
    const Verified request = verified(mode);
    const std::string scope = request.time + "\n" + request.scope + "\n";
    std::string text, previous(kSeed);
    const auto add = [&](std::string_view chunk) {
      text += fmt::format("{:x}", chunk.size());
      if (is_signed()) {
        previous = signature_of(request.signing_key,
                                fmt::format("AWS4-HMAC-SHA256-PAYLOAD\n{}{}\n{}\n{}", scope,
                                            previous, kEmptySha256, sha256_hex(chunk)));
        text += ";chunk-signature=" + previous;
      }
      text += "\r\n";
      text += chunk;
      if (!chunk.empty()) text += "\r\n";
    };
    for (const std::string& chunk : chunks) add(chunk);
    add("");
    std::string signed_text;
    for (const Trailer& trailer : trailers) {
      text += trailer.name + ":" + trailer.value + "\r\n";
      signed_text += trailer.name + ":" + trailer.value + "\n";
    }
    if (mode == PayloadMode::StreamingSignedTrailer) {
      const std::string signature =
          signature_of(request.signing_key, fmt::format("AWS4-HMAC-SHA256-TRAILER\n{}{}\n{}", scope,
                                                        previous, sha256_hex(signed_text)));
      text += "x-amz-trailer-signature:" + signature + "\r\n";
    }
    return text + "\r\n";
  }

  std::string body() const { return join(chunks, ""); }
  ChunkDecoder::Options options() const {
    ChunkDecoder::Options result{.decoded_bytes = body().size()};
    for (const Trailer& trailer : trailers) result.trailer_names.push_back(trailer.name);
    return result;
  }
};

std::vector<Sender> senders() {
  const std::vector<Trailer> trailers = {{"x-amz-checksum-crc32", "gtnkmQ=="}};
  return {{PayloadMode::StreamingSigned, {"hello stream"}, {}},
          {PayloadMode::StreamingSigned, {}, {}},
          {PayloadMode::StreamingSignedTrailer, {"hello stream"}, trailers},
          {PayloadMode::StreamingSignedTrailer, {"hello stream"}, {}},
          {PayloadMode::StreamingUnsignedTrailer, {"hello stream"}, trailers},
          {PayloadMode::StreamingUnsignedTrailer, {"hello stream"}, {}}};
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
TEST(ChunkExamples, AreAcceptedInPiecesOfAnySize) {
  const std::string first(65536, 'a'), second(1024, 'a');
  const std::string wire =
      "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" +
      first +
      "\r\n400;chunk-signature="
      "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" +
      second +
      "\r\n0;chunk-signature="
      "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";
  ASSERT_EQ(wire.size(), 66824u);
  const ChunkDecoder::Options options{.decoded_bytes = 66560};
  for (size_t step : {1, 7, 4096, 65621, 70000}) {
    std::vector<size_t> ends;
    for (size_t end = step; end < wire.size(); end += step) ends.push_back(end);
    const Outcome outcome = decode(verified(PayloadMode::StreamingSigned), options, wire, ends);
    EXPECT_EQ(outcome.problem, "");
    EXPECT_EQ(outcome.decoded, first + second);
  }
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
TEST(ChunkExamples, TrailerIsReadAndItsSignatureChecked) {
  const std::string first(65536, 'a'), second(1024, 'a');
  const std::string wire =
      "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" +
      first +
      "\r\n400;chunk-signature="
      "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" +
      second +
      "\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"
      "x-amz-checksum-crc32c:sOO8/Q==\r\n"
      "x-amz-trailer-signature:"
      "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
  const Verified request =
      verified(PayloadMode::StreamingSignedTrailer,
               "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
  const ChunkDecoder::Options options{.decoded_bytes = 66560,
                                      .trailer_names = {"x-amz-checksum-crc32c"}};
  const Outcome outcome = decode(request, options, wire);
  EXPECT_EQ(outcome.problem, "");
  ASSERT_EQ(outcome.trailers, (std::vector<Trailer>{{"x-amz-checksum-crc32c", "sOO8/Q=="}}));
  EXPECT_EQ(base64_encode(crypto::big_endian_bytes(crypto::crc32c(outcome.decoded))), "sOO8/Q==");
}

TEST(ChunkDecoder, GivesTheSameWhereverTheBytesAreSplit) {
  for (const Sender& sender : senders()) {
    const std::string wire = sender.wire();
    const Outcome whole = decode(verified(sender.mode), sender.options(), wire);
    EXPECT_EQ(whole, (Outcome{sender.body(), "", sender.trailers}));
    for (size_t a = 0; a <= wire.size(); ++a) {
      for (size_t b = a; b <= wire.size(); b += 17) {
        ASSERT_EQ(decode(verified(sender.mode), sender.options(), wire, {a, b}), whole)
            << a << " " << b;
      }
    }
  }
}

// Where chunks are not signed, the checksum in the trailer is what gives an altered body away.
TEST(ChunkDecoder, AcceptsNoAlteredByteAndNoCutBody) {
  for (const Sender& sender : senders()) {
    const std::string wire = sender.wire();
    const auto accepted = [&](std::string_view text) {
      const Outcome outcome = decode(verified(sender.mode), sender.options(), text);
      if (outcome.problem != "") return false;
      if (sender.is_signed()) return true;
      if (outcome.trailers.empty()) return outcome.decoded == sender.body();
      return outcome.trailers[0].value ==
             base64_encode(crypto::big_endian_bytes(crypto::crc32(outcome.decoded)));
    };
    ASSERT_TRUE(accepted(wire));
    for (size_t at = 0; at < wire.size(); ++at) {
      std::string altered = wire;
      altered[at] = static_cast<char>(altered[at] ^ 1);
      EXPECT_FALSE(accepted(altered)) << at << ": " << altered;
      EXPECT_FALSE(accepted(wire.substr(0, at))) << at;
    }
    EXPECT_FALSE(accepted(wire + "x"));
    EXPECT_FALSE(accepted(wire + wire));
  }
}

TEST(ChunkDecoder, ReleasesNothingOfASignedChunkBeforeItsSignatureIsRight) {
  Sender sender{PayloadMode::StreamingSigned, {std::string(9000, 'a'), std::string(9000, 'b')}, {}};
  std::string wire = sender.wire();
  wire[wire.find("bbb") + 100] = 'c';
  const Outcome outcome =
      decode(verified(sender.mode), sender.options(), wire, {100, 5000, 9100, 12000, 18000});
  EXPECT_EQ(outcome.problem, "SignatureDoesNotMatch");
  EXPECT_EQ(outcome.decoded, std::string(9000, 'a'));
}

TEST(ChunkDecoder, SwappedChunksAreRefused) {
  Sender sender{PayloadMode::StreamingSigned, {std::string(9000, 'a'), std::string(9000, 'a')}, {}};
  const std::string wire = sender.wire();
  const size_t length = wire.find("\r\n2328", 10) + 2;
  const std::string swapped =
      wire.substr(length, length) + wire.substr(0, length) + wire.substr(2 * length);
  ASSERT_EQ(swapped.size(), wire.size());
  EXPECT_EQ(decode(verified(sender.mode), sender.options(), swapped).problem,
            "SignatureDoesNotMatch");
}

struct FramingRow {
  const char* what;
  std::string wire;
  std::optional<uint64_t> decoded_bytes;
  std::vector<std::string> trailer_names;
  std::string problem;
};

TEST(ChunkDecoder, RefusesBrokenFraming) {
  const std::string large(9000, 'x');
  const FramingRow rows[] = {
      {"right", "5\r\nhello\r\n0\r\n\r\n", 5, {}, ""},
      {"right, upper case and zeros", "00A\r\nhellohello\r\n000\r\n\r\n", 10, {}, ""},
      {"right, unknown length", "5\r\nhello\r\n0\r\n\r\n", std::nullopt, {}, ""},
      {"right, trailer with spaces", "0\r\nX-Amz-A:  b \r\n\r\n", 0, {"x-amz-a"}, ""},
      {"nothing", "", 0, {}, "IncompleteBody"},
      {"right, trailer that ends as minio-go's do", "0\r\nx-amz-a:b\n\r\n\r\n", 0, {"x-amz-a"}, ""},
      {"right, two of them", "0\r\nx-amz-a:b\n\r\nx-amz-c:d\n\r\n\r\n", 0, {"x-amz-a", "x-amz-c"}, ""},
      {"line feed in a trailer", "0\r\nx-amz-a:b\nc\r\n\r\n", 0, {"x-amz-a"}, "MalformedTrailerError"},
      {"less than declared", "5\r\nhello\r\n0\r\n\r\n", 6, {}, "IncompleteBody"},
      {"more than declared", "5\r\nhello\r\n0\r\n\r\n", 4, {}, "IncompleteBody"},
      {"no size", "\r\nhello", 5, {}, "IncompleteBody"},
      {"negative", "-5\r\nhello\r\n", 5, {}, "IncompleteBody"},
      {"prefixed", "0x5\r\nhello\r\n", 5, {}, "IncompleteBody"},
      {"space", "5 \r\nhello\r\n", 5, {}, "IncompleteBody"},
      {"extension", "5;a=b\r\nhello\r\n", 5, {}, "IncompleteBody"},
      {"overflow", "10000000000000000\r\n", std::nullopt, {}, "IncompleteBody"},
      {"huge", "ffffffffffffffff\r\nhello", 5, {}, "IncompleteBody"},
      {"bare line feed", "5\nhello\r\n0\r\n\r\n", 5, {}, "IncompleteBody"},
      {"no line break after the data", "5\r\nhelloo0\r\n\r\n", 5, {}, "IncompleteBody"},
      {"long header", std::string(300, '0'), 5, {}, "IncompleteBody"},
      {"two short chunks",
       "5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n",
       10,
       {},
       "InvalidChunkSizeError"},
      {"short last chunk", "2328\r\n" + large + "\r\n5\r\nhello\r\n0\r\n\r\n", 9005, {}, ""},
      {"trailer that was not announced", "0\r\nx-amz-a:b\r\n\r\n", 0, {}, "MalformedTrailerError"},
      {"announced trailer missing", "0\r\n\r\n", 0, {"x-amz-a"}, "MalformedTrailerError"},
      {"trailer twice",
       "0\r\nx-amz-a:b\r\nx-amz-a:b\r\n\r\n",
       0,
       {"x-amz-a"},
       "MalformedTrailerError"},
      {"trailer without a colon", "0\r\nx-amz-a\r\n\r\n", 0, {"x-amz-a"}, "MalformedTrailerError"},
      {"unasked signature",
       "0\r\nx-amz-trailer-signature:b\r\n\r\n",
       0,
       {},
       "MalformedTrailerError"},
      {"long trailer",
       "0\r\nx-amz-a:" + std::string(9000, 'b'),
       0,
       {"x-amz-a"},
       "MalformedTrailerError"},
  };
  for (const FramingRow& row : rows) {
    const ChunkDecoder::Options options{row.decoded_bytes, row.trailer_names};
    EXPECT_EQ(decode(verified(PayloadMode::StreamingUnsignedTrailer), options, row.wire).problem,
              row.problem)
        << row.what;
  }
  EXPECT_EQ(decode(verified(PayloadMode::StreamingSigned), {}, "5\r\nhello\r\n0\r\n\r\n").problem,
            "IncompleteBody");
  EXPECT_EQ(
      decode(verified(PayloadMode::StreamingSigned), {}, "1000001;chunk-signature=a\r\n").problem,
      "InvalidRequest");
}

// Reads everything; the problem's code at its end.
async::Task<std::string> read_payload(Payload& payload, std::string& code) {
  std::string all;
  try {
    while (true) {
      const std::string_view piece = co_await payload.read();
      if (piece.empty()) break;
      all += piece;
    }
  } catch (const PayloadError& error) {
    code = error.problem.code;
  }
  co_return all;
}

std::string code_of_payload(const Verified& request, const http::Headers& headers,
                            std::string body) {
  auto payload = open_payload(request, {"PUT", "/", "", "", headers},
                              std::make_unique<async::StringSource>(std::move(body)));
  if (!payload) return payload.error().code;
  std::string code;
  const std::string all = async::sync_wait(read_payload(**payload, code));
  return code.empty() ? all : code;
}

TEST(Payload, OfEveryModeIsOpenedAndChecked) {
  Verified hashed = verified(PayloadMode::SignedHash);
  hashed.declared_sha256 = sha256_hex("hello");
  EXPECT_EQ(code_of_payload(hashed, {}, "hello"), "hello");
  EXPECT_EQ(code_of_payload(hashed, {}, "hellO"), "XAmzContentSHA256Mismatch");
  EXPECT_EQ(code_of_payload(hashed, {}, ""), "XAmzContentSHA256Mismatch");
  EXPECT_EQ(code_of_payload(verified(PayloadMode::UnsignedPayload), {}, "hello"), "hello");
  for (const Sender& sender : senders()) {
    http::Headers headers = {
        {"X-Amz-Decoded-Content-Length", std::to_string(sender.body().size())}};
    if (!sender.trailers.empty()) headers.add("x-amz-trailer", "X-Amz-Checksum-CRC32");
    EXPECT_EQ(code_of_payload(verified(sender.mode), headers, sender.wire()), sender.body());
    EXPECT_EQ(code_of_payload(verified(sender.mode), headers, sender.wire() + "x"),
              "IncompleteBody");
    EXPECT_EQ(code_of_payload(verified(sender.mode), headers, "0"), "IncompleteBody");
    EXPECT_EQ(code_of_payload(verified(sender.mode), {}, sender.wire()), "MissingContentLength");
  }
}

// A body that is at hand is judged as one that streams.
TEST(Payload, AtHandIsCheckedAsWhenItStreams) {
  Verified hashed = verified(PayloadMode::SignedHash), empty = hashed, unknown = hashed;
  hashed.declared_sha256 = sha256_hex("hello");
  empty.declared_sha256 = sha256_hex("");
  const Verified unsigned_body = verified(PayloadMode::UnsignedPayload);
  for (const Verified& request : {hashed, empty, unknown, unsigned_body}) {
    for (const std::string body : {"", "h", "hello", "hellO", "hello "}) {
      const std::string streamed = code_of_payload(request, {}, body);
      const auto checked = check_whole(request, body);
      EXPECT_EQ(checked ? body : checked.error().code, streamed) << body;
    }
  }
  const auto wrong = check_whole(hashed, "hellO");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().members.front().second, sha256_hex("hello"));
  EXPECT_EQ(wrong.error().members.back().second, sha256_hex("hellO"));
}

TEST(Payload, OnlyThatInOnePieceIsWhole) {
  EXPECT_TRUE(is_whole(PayloadMode::SignedHash));
  EXPECT_TRUE(is_whole(PayloadMode::UnsignedPayload));
  for (const Sender& sender : senders()) EXPECT_FALSE(is_whole(sender.mode));
}

}  // namespace
}  // namespace holm::aws::signature
