// Objects' bytes as they lie on disk.

#include "services/s3/sealed_bytes.h"

#include <algorithm>

#include "base/check.h"
#include "crypto/ocb.h"

namespace holm::s3 {

namespace {

using Key = crypto::Aead::Key;

constexpr char kOcb = 'O';

Key key_of(std::string_view data_key) {
  if (data_key.size() > sizeof(Key)) {
    CHECK(data_key.front() == kOcb);
    data_key.remove_prefix(1);
  }
  Key key{};
  CHECK(data_key.size() == key.size());
  std::ranges::copy(data_key, key.begin());
  return key;
}

}  // namespace

std::string make_data_key(Random& random) {
  std::string key(1 + sizeof(Key), kOcb);
  random.fill(key.data() + 1, sizeof(Key));
  return key;
}

ChunkCipher::ChunkCipher(std::string_view data_key)
    : key_(key_of(data_key)), is_gcm_(data_key.size() == sizeof(Key)) {}

std::string ChunkCipher::seal(uint64_t index, std::string_view plain, Random& random) const {
  std::string sealed(plain.size() + kSealBytes, '\0');
  seal_to(index, plain, random, sealed.data());
  return sealed;
}

void ChunkCipher::seal_to(uint64_t index, std::string_view plain, Random& random, char* sealed) const {
  const auto seal = is_gcm_ ? crypto::seal_to : crypto::ocb::seal_to;
  seal(key_, plain, std::to_string(index), random, sealed);
}

std::optional<std::string> ChunkCipher::open(uint64_t index, std::string_view sealed) const {
  if (sealed.size() < kSealBytes) return std::nullopt;
  std::string plain(sealed.size() - kSealBytes, '\0');
  if (!open_to(index, sealed, plain.data())) return std::nullopt;
  return plain;
}

bool ChunkCipher::open_to(uint64_t index, std::string_view sealed, char* plain) const {
  const auto open = is_gcm_ ? crypto::open_to : crypto::ocb::open_to;
  return open(key_, sealed, std::to_string(index), plain);
}

}  // namespace holm::s3
