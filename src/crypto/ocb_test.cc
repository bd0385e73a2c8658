// What is sealed with OCB opens only whole, with the right key and in the right place, and as others do it.

#include "crypto/ocb.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <memory>

#include "support/seeded_random.h"

namespace holm::crypto::ocb {

namespace {

Aead::Key key_of(uint8_t byte) {
  Aead::Key key;
  key.fill(byte);
  return key;
}

std::string sealed_of(const Aead::Key& key, std::string_view plain, std::string_view bound_to, Random& random) {
  std::string sealed(plain.size() + kNonceBytes + kTagBytes, '?');
  seal_to(key, plain, bound_to, random, sealed.data());
  return sealed;
}

std::optional<std::string> opened(const Aead::Key& key, std::string_view sealed, std::string_view bound_to) {
  std::string plain(sealed.size() < kNonceBytes + kTagBytes ? 0 : sealed.size() - kNonceBytes - kTagBytes, '?');
  if (!open_to(key, sealed, bound_to, plain.data())) return std::nullopt;
  return plain;
}

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// By OpenSSL, which shares no line with what is tested.
std::string sealed_by_others(const Aead::Key& key, std::string_view nonce, std::string_view plain,
                             std::string_view bound_to) {
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                          EVP_CIPHER_CTX_free);
  std::string out(plain.size() + kTagBytes, '?');
  auto* const bytes = reinterpret_cast<unsigned char*>(out.data());
  int count = 0, last = 0;
  EVP_EncryptInit_ex2(context.get(), EVP_aes_256_ocb(), key.data(), octets(nonce), nullptr);
  EVP_EncryptUpdate(context.get(), nullptr, &count, octets(bound_to), static_cast<int>(bound_to.size()));
  count = 0;
  EVP_EncryptUpdate(context.get(), bytes, &count, octets(plain), static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(context.get(), bytes + count, &last);
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, bytes + plain.size());
  return std::string(nonce) + out;
}

TEST(Ocb, SealsAsOthersDo) {
  test::SeededRandom random;
  const Aead::Key key = key_of(7);
  for (size_t bytes : {0, 1, 15, 16, 17, 31, 4096, 4097, 65535, 65536}) {
    const std::string plain = random.hex(bytes);
    const std::string sealed = sealed_of(key, plain, "42", random);
    EXPECT_EQ(sealed, sealed_by_others(key, sealed.substr(0, kNonceBytes), plain, "42")) << bytes;
    EXPECT_EQ(opened(key, sealed, "42"), plain) << bytes;
  }
}

// One after the other on one thread, with other keys in between and a failure too.
TEST(Ocb, WhatIsSealedWhereItLiesOpensThere) {
  test::SeededRandom random;
  const Aead::Key key = key_of(1), other = key_of(2);
  for (size_t bytes : {0, 1, 16, 17, 65536}) {
    const std::string plain = random.hex(bytes);
    std::string text(kNonceBytes + bytes + kTagBytes, '?');
    char* const place = text.data() + kNonceBytes;
    plain.copy(place, bytes);
    seal_to(key, {place, bytes}, "place", random, text.data());
    EXPECT_EQ(opened(key, text, "place"), plain);
    EXPECT_EQ(opened(other, text, "place"), std::nullopt);
    EXPECT_EQ(opened(key, text, "another"), std::nullopt);
    EXPECT_TRUE(open_to(key, text, "place", place));
    EXPECT_EQ(text.substr(kNonceBytes, bytes), plain);
  }
}

TEST(Ocb, NothingChangedOpens) {
  test::SeededRandom random;
  const std::string plain = "a text of more than a block";
  const std::string sealed = sealed_of(key_of(1), plain, "place", random);
  EXPECT_NE(sealed, sealed_of(key_of(1), plain, "place", random)) << "the same nonce twice";
  for (size_t i = 0; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_EQ(opened(key_of(1), changed, "place"), std::nullopt) << i;
    }
    EXPECT_EQ(opened(key_of(1), sealed.substr(0, i), "place"), std::nullopt) << i;
  }
}

}  // namespace

}  // namespace holm::crypto::ocb
