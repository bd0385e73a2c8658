// Sealed texts open only whole, with the right key and in the right place.

#include "crypto/sealed_text.h"

#include <gtest/gtest.h>

#include "support/seeded_random.h"

namespace holm::crypto {

namespace {

Aead::Key key_of(uint8_t byte) {
  Aead::Key key;
  key.fill(byte);
  return key;
}

TEST(Aead, WhatIsSealedOpensAgain) {
  test::SeededRandom random;
  Aead aead(key_of(1));
  for (std::string plain : {std::string(), std::string("a"), std::string(5000, 'x'), std::string("\0\0", 2)}) {
    std::string sealed = aead.seal(plain, "place", random);
    EXPECT_EQ(sealed.size(), plain.size() + 28);
    EXPECT_EQ(aead.open(sealed, "place"), plain);
    EXPECT_NE(aead.seal(plain, "place", random), sealed) << "the same nonce twice";
  }
}

// One after the other on one thread, with other keys in between and a failure too.
TEST(Aead, WhatIsSealedWhereItLiesOpensThere) {
  test::SeededRandom random;
  const Aead::Key key = key_of(1);
  const Aead other(key_of(2));
  for (size_t bytes : {0, 1, 15, 16, 17, 65536}) {
    const std::string plain = random.hex(bytes);
    std::string text(kNonceBytes + bytes + kTagBytes, '?');
    char* const place = text.data() + kNonceBytes;
    plain.copy(place, bytes);
    seal_to(key, {place, bytes}, "place", random, text.data());
    EXPECT_EQ(Aead(key).open(text, "place"), plain);
    EXPECT_EQ(other.open(text, "place"), std::nullopt);
    EXPECT_EQ(other.open(other.seal("other", "", random), ""), "other");
    EXPECT_TRUE(open_to(key, text, "place", place));
    EXPECT_EQ(text.substr(kNonceBytes, bytes), plain);
  }
}

TEST(Aead, NothingChangedOpens) {
  test::SeededRandom random;
  Aead aead(key_of(1));
  std::string sealed = aead.seal("secret text", "place", random);
  for (size_t i = 0; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_FALSE(aead.open(changed, "place")) << i;
    }
    EXPECT_FALSE(aead.open(sealed.substr(0, i), "place")) << i;
  }
  EXPECT_FALSE(aead.open(sealed + "x", "place"));
  EXPECT_FALSE(aead.open(sealed, "other"));
  EXPECT_FALSE(Aead(key_of(2)).open(sealed, "place"));
}

// Test case 16 of the GCM specification: AES-256 with additional data.
// https://csrc.nist.rip/groups/ST/toolkit/BCM/documents/proposedmodes/gcm/gcm-revised-spec.pdf
TEST(Aead, OpensThePublishedVector) {
  auto bytes = [](std::string_view hex) {
    std::string out;
    for (size_t i = 0; i < hex.size(); i += 2) {
      out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return out;
  };
  std::string raw = bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  Aead::Key key;
  std::copy(raw.begin(), raw.end(), key.begin());
  std::string plain = bytes(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
  std::string sealed = bytes(
      "cafebabefacedbaddecaf888"
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b");
  EXPECT_EQ(Aead(key).open(sealed, bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2")), plain);
}

}  // namespace

}  // namespace holm::crypto
