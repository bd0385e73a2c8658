// Objects' bytes as they lie on disk.

#include "services/s3/sealed_bytes.h"

#include <algorithm>

#include "base/check.h"

namespace holm::s3 {

namespace {

crypto::Aead::Key key_of(std::string_view data_key) {
  crypto::Aead::Key key{};
  CHECK(data_key.size() == key.size());
  std::ranges::copy(data_key, key.begin());
  return key;
}

}  // namespace

std::string make_data_key(Random& random) {
  std::string key(sizeof(crypto::Aead::Key), '\0');
  random.fill(key.data(), key.size());
  return key;
}

ChunkCipher::ChunkCipher(std::string_view data_key) : key_(key_of(data_key)) {}

std::string ChunkCipher::seal(uint64_t index, std::string_view plain, Random& random) const {
  std::string sealed(plain.size() + kSealBytes, '\0');
  seal_to(index, plain, random, sealed.data());
  return sealed;
}

void ChunkCipher::seal_to(uint64_t index, std::string_view plain, Random& random, char* sealed) const {
  crypto::seal_to(key_, plain, std::to_string(index), random, sealed);
}

std::optional<std::string> ChunkCipher::open(uint64_t index, std::string_view sealed) const {
  return crypto::Aead(key_).open(sealed, std::to_string(index));
}

bool ChunkCipher::open_to(uint64_t index, std::string_view sealed, char* plain) const {
  return crypto::open_to(key_, sealed, std::to_string(index), plain);
}

}  // namespace holm::s3
