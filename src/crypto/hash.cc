// Hashes over OpenSSL's digests themselves: most of what is hashed here is a few hundred bytes, and its generic
// interface, which allocates and asks providers, takes longer than that.

// OpenSSL 3 would rather see the generic one used.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include <algorithm>
#include <type_traits>

#include "base/check.h"

namespace holm::crypto {

namespace {

template <typename Of, auto Init, auto Update, auto Final>
struct Functions {
  using Context = Of;
  static constexpr auto kInit = Init;
  static constexpr auto kUpdate = Update;
  static constexpr auto kFinal = Final;
};

// The digest of so many bytes.
template <size_t Size>
struct Algorithm;

template <>
struct Algorithm<64> : Functions<SHA512_CTX, &SHA512_Init, &SHA512_Update, &SHA512_Final> {};
template <>
struct Algorithm<32> : Functions<SHA256_CTX, &SHA256_Init, &SHA256_Update, &SHA256_Final> {};
template <>
struct Algorithm<20> : Functions<SHA_CTX, &SHA1_Init, &SHA1_Update, &SHA1_Final> {};
template <>
struct Algorithm<16> : Functions<MD5_CTX, &MD5_Init, &MD5_Update, &MD5_Final> {};

template <size_t Size>
std::array<uint8_t, Size> digest_of(std::string_view bytes) {
  Hasher<Size> hash;
  hash.update(bytes);
  return hash.finish();
}

constexpr size_t kBlockBytes = 64;
using Block = std::array<char, kBlockBytes>;

Block padded(Block key, char pad) {
  for (char& byte : key) byte = static_cast<char>(byte ^ pad);
  return key;
}

// RFC 2104 over the digest itself: OpenSSL's own HMAC looks its algorithms up at every call.
template <size_t Size>
std::array<uint8_t, Size> hmac(std::string_view key, std::string_view bytes) {
  Block block{};
  if (key.size() > kBlockBytes) {
    const std::array<uint8_t, Size> shortened = digest_of<Size>(key);
    std::ranges::copy(bytes_of(shortened), block.begin());
  } else {
    std::ranges::copy(key, block.begin());
  }
  Hasher<Size> hash;
  const Block inner = padded(block, 0x36), outer = padded(block, 0x5c);
  hash.update({inner.data(), inner.size()});
  hash.update(bytes);
  const std::array<uint8_t, Size> inside = hash.finish();
  hash.update({outer.data(), outer.size()});
  hash.update(bytes_of(inside));
  return hash.finish();
}

template <size_t Size>
auto* context_in(void* state) {
  return static_cast<typename Algorithm<Size>::Context*>(state);
}

}  // namespace

Sha256Digest sha256(std::string_view bytes) { return digest_of<32>(bytes); }
Sha1Digest sha1(std::string_view bytes) { return digest_of<20>(bytes); }
Md5Digest md5(std::string_view bytes) { return digest_of<16>(bytes); }

Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes) { return hmac<32>(key, bytes); }
Sha1Digest hmac_sha1(std::string_view key, std::string_view bytes) { return hmac<20>(key, bytes); }

bool constant_time_equals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

template <size_t Size>
Hasher<Size>::Hasher() {
  using Context = typename Algorithm<Size>::Context;
  static_assert(sizeof(Context) <= kStateBytes && alignof(Context) <= 8);
  static_assert(std::is_trivially_copyable_v<Context>);
  CHECK(Algorithm<Size>::kInit(context_in<Size>(state_.data())) == 1);
}

template <size_t Size>
void Hasher<Size>::update(std::string_view bytes) {
  CHECK(Algorithm<Size>::kUpdate(context_in<Size>(state_.data()), bytes.data(), bytes.size()) == 1);
}

template <size_t Size>
std::array<uint8_t, Size> Hasher<Size>::finish() {
  std::array<uint8_t, Size> digest;
  CHECK(Algorithm<Size>::kFinal(digest.data(), context_in<Size>(state_.data())) == 1);
  CHECK(Algorithm<Size>::kInit(context_in<Size>(state_.data())) == 1);
  return digest;
}

template class Hasher<64>;  // SHA-512.
template class Hasher<32>;
template class Hasher<20>;
template class Hasher<16>;

}  // namespace holm::crypto
