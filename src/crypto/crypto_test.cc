// Hashes and checks against published values, whole and in pieces.

#include <gtest/gtest.h>

#include "base/strings.h"
#include "crypto/crc.h"
#include "crypto/hash.h"

namespace holm::crypto {
namespace {

struct HashRow {
  std::string text, sha256, sha1, md5;
};

const HashRow kHashes[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "da39a3ee5e6b4b0d3255bfef95601890afd80709", "d41d8cd98f00b204e9800998ecf8427e"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
     "a9993e364706816aba3e25717850c26c9cd0d89d", "900150983cd24fb0d6963f7d28e17f72"},
    {std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
     "34aa973cd4c4daa4f61eeb2bdbad27316534016f", "7707d6ae4e027c70eea2a935c2296f21"},
};

template <class Hash>
std::string hex_in_pieces(std::string_view text, size_t piece) {
  Hash hash;
  hash.update("from an earlier use");
  hash.finish();
  for (size_t at = 0; at < text.size(); at += piece) hash.update(text.substr(at, piece));
  const auto digest = hash.finish();
  return hex_encode(bytes_of(digest));
}

TEST(Hash, GivesThePublishedDigestsWholeAndInPieces) {
  for (const HashRow& row : kHashes) {
    const auto a = sha256(row.text);
    const auto b = sha1(row.text);
    const auto c = md5(row.text);
    EXPECT_EQ(hex_encode(bytes_of(a)), row.sha256);
    EXPECT_EQ(hex_encode(bytes_of(b)), row.sha1);
    EXPECT_EQ(hex_encode(bytes_of(c)), row.md5);
    EXPECT_EQ(hex_in_pieces<Sha256>(row.text, 63), row.sha256);
    EXPECT_EQ(hex_in_pieces<Sha1>(row.text, 64), row.sha1);
    EXPECT_EQ(hex_in_pieces<Md5>(row.text, 65), row.md5);
  }
}

// RFC 4231, cases 1, 2, 3 and 6.
TEST(Hmac, GivesThePublishedCodes) {
  const struct {
    std::string key, text, code;
  } rows[] = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
  };
  for (const auto& row : rows) {
    const auto code = hmac_sha256(row.key, row.text);
    EXPECT_EQ(hex_encode(bytes_of(code)), row.code);
  }
}

// RFC 2202, cases 1, 2 and 6.
TEST(Hmac, GivesThePublishedCodesOfSha1) {
  const struct {
    std::string key, text, code;
  } rows[] = {{std::string(20, '\x0b'), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
              {"Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
              {std::string(80, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
               "aa4ae5e15272d00e95705637ce8a3b55ed402112"}};
  for (const auto& row : rows) {
    const auto code = hmac_sha1(row.key, row.text);
    EXPECT_EQ(hex_encode(bytes_of(code)), row.code);
  }
}

TEST(Crc, GivesThePublishedCheckValues) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926u);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc64nvme("123456789"), 0xae8b14860a799888u);
  EXPECT_EQ(crc32(""), 0u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
  EXPECT_EQ(crc64nvme(std::string(4096, '\0')), 0x6482d367eb22b64eu);
}

TEST(Crc, OfPiecesIsThatOfTheWholeAndCombines) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7 + i / 3);
  for (size_t at = 0; at <= text.size(); ++at) {
    const std::string_view first = std::string_view(text).substr(0, at),
                           second = std::string_view(text).substr(at);
    ASSERT_EQ(crc32(second, crc32(first)), crc32(text));
    ASSERT_EQ(crc32c(second, crc32c(first)), crc32c(text));
    ASSERT_EQ(crc64nvme(second, crc64nvme(first)), crc64nvme(text));
    ASSERT_EQ(crc32_combine(crc32(first), crc32(second), second.size()), crc32(text));
    ASSERT_EQ(crc32c_combine(crc32c(first), crc32c(second), second.size()), crc32c(text));
    ASSERT_EQ(crc64nvme_combine(crc64nvme(first), crc64nvme(second), second.size()),
              crc64nvme(text));
  }
}

TEST(Crc, IsWrittenMostSignificantByteFirst) {
  EXPECT_EQ(base64_encode(big_endian_bytes(crc32("hello stream"))), "gtnkmQ==");
  EXPECT_EQ(hex_encode(big_endian_bytes(crc64nvme("123456789"))), "ae8b14860a799888");
}

TEST(ConstantTimeEquals, ComparesLengthAndContent) {
  EXPECT_TRUE(constant_time_equals("", ""));
  EXPECT_TRUE(constant_time_equals("abc", "abc"));
  EXPECT_FALSE(constant_time_equals("abc", "abd"));
  EXPECT_FALSE(constant_time_equals("abc", "ab"));
}

}  // namespace
}  // namespace holm::crypto
