// Cryptographic hashes and message authentication, at once or piece by piece.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace holm::crypto {

using Sha256Digest = std::array<uint8_t, 32>;
using Sha1Digest = std::array<uint8_t, 20>;
using Md5Digest = std::array<uint8_t, 16>;

Sha256Digest sha256(std::string_view bytes);
Sha1Digest sha1(std::string_view bytes);
Md5Digest md5(std::string_view bytes);
// An empty key is allowed.
Sha256Digest hmac_sha256(std::string_view key, std::string_view bytes);
Sha1Digest hmac_sha1(std::string_view key, std::string_view bytes);

template <size_t Size>
std::string_view bytes_of(const std::array<uint8_t, Size>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), Size};
}

// Takes as long whatever the content; the lengths are no secret.
bool constant_time_equals(std::string_view a, std::string_view b);

// A hash of bytes that come piece by piece. `finish` gives the digest and starts anew. A value: a copy goes on
// from the same place. One thread.
template <size_t Size>
class Hasher final {
 public:
  Hasher();
  void update(std::string_view bytes);
  std::array<uint8_t, Size> finish();

 private:
  // The context of OpenSSL, whose types stay in hash.cc.
  static constexpr size_t kStateBytes = Size == 64 ? 216 : 112;
  alignas(8) std::array<std::byte, kStateBytes> state_;
};

using Sha256 = Hasher<32>;
using Sha1 = Hasher<20>;
using Md5 = Hasher<16>;

}  // namespace holm::crypto
