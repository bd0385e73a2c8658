// Objects' bytes as they lie on disk: sealed in chunks, so that any range can be read without the rest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "crypto/sealed_text.h"

namespace holm::s3 {

constexpr uint64_t kChunkBytes = 64 * 1024;
constexpr uint64_t kSealBytes = 28;  // What a chunk is longer when it is sealed.
constexpr uint64_t kPlainStart = crypto::kNonceBytes;  // Where its bytes lie in it.
static_assert(kSealBytes == kPlainStart + crypto::kTagBytes);

// A new key for one body: a byte that says for which cipher, and 32 of key.
std::string make_data_key(Random& random);

// Seals and opens the chunks of one body. A chunk opens only in its own place. Any thread.
// Bodies of earlier programs have keys without that byte, for AES-256-GCM (docs/decisions/0016).
class ChunkCipher final {
 public:
  // `data_key` is one of make_data_key(), now or once.
  explicit ChunkCipher(std::string_view data_key);

  std::string seal(uint64_t index, std::string_view plain, Random& random) const;
  // The same to a place of kSealBytes more. `plain` is elsewhere, or kPlainStart behind it.
  void seal_to(uint64_t index, std::string_view plain, Random& random, char* sealed) const;
  // Nothing when the bytes are not those that were sealed.
  std::optional<std::string> open(uint64_t index, std::string_view sealed) const;
  // The same to a place of kSealBytes less: elsewhere, or kPlainStart behind its start. False: what is there now
  // is not to be used.
  bool open_to(uint64_t index, std::string_view sealed, char* plain) const;

 private:
  crypto::Aead::Key key_;
  bool is_gcm_;
};

}  // namespace holm::s3
