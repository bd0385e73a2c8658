// Hashes over OpenSSL's digests.

#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/check.h"

namespace holm::crypto {

namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using ContextPointer = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// Fetched once: looking an algorithm up costs more than hashing a short text.
const EVP_MD* algorithm(size_t digest_bytes) {
  static const EVP_MD* const kSha512 = EVP_MD_fetch(nullptr, "SHA2-512", nullptr);
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  static const EVP_MD* const kSha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const kMd5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  const EVP_MD* found = digest_bytes == 64   ? kSha512
                        : digest_bytes == 32 ? kSha256
                        : digest_bytes == 20 ? kSha1
                                             : kMd5;
  CHECK(found != nullptr);
  return found;
}

template <size_t Size>
std::array<uint8_t, Size> digest_of(std::string_view bytes) {
  std::array<uint8_t, Size> digest;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, algorithm(Size), nullptr) ==
        1);
  return digest;
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
struct Hasher<Size>::State {
  ContextPointer context{EVP_MD_CTX_new()};
};

template <size_t Size>
Hasher<Size>::Hasher() : state_(std::make_unique<State>()) {
  CHECK(state_->context != nullptr);
  CHECK(EVP_DigestInit_ex2(state_->context.get(), algorithm(Size), nullptr) == 1);
}

template <size_t Size>
Hasher<Size>::Hasher(Hasher&&) noexcept = default;
template <size_t Size>
Hasher<Size>& Hasher<Size>::operator=(Hasher&&) noexcept = default;
template <size_t Size>
Hasher<Size>::~Hasher() = default;

template <size_t Size>
void Hasher<Size>::update(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

template <size_t Size>
std::array<uint8_t, Size> Hasher<Size>::finish() {
  std::array<uint8_t, Size> digest;
  CHECK(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr) == 1);
  CHECK(EVP_DigestInit_ex2(state_->context.get(), nullptr, nullptr) == 1);
  return digest;
}

template class Hasher<64>;  // SHA-512.
template class Hasher<32>;
template class Hasher<20>;
template class Hasher<16>;

}  // namespace holm::crypto
