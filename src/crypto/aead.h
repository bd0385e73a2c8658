// Authenticated encryption: what is sealed can neither be read nor changed without the key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holm {
class Random;
}

namespace holm::crypto {

// AES-256-GCM with a random nonce a message: up to 2^32 messages a key. Any thread.
class Aead final {
 public:
  using Key = std::array<uint8_t, 32>;

  explicit Aead(const Key& key) : key_(key) {}

  // `bound_to` is not part of the result, but open() needs the same: it keeps one sealed text from standing in for
  // another. The result is 28 bytes longer than `plain`.
  std::string seal(std::string_view plain, std::string_view bound_to, Random& random) const;
  // Nothing when a bit of either was changed, or the key is another.
  std::optional<std::string> open(std::string_view sealed, std::string_view bound_to) const;
  // The same to a place of 28 bytes less than `sealed` has. False: what is there now is not to be used.
  bool open_to(std::string_view sealed, std::string_view bound_to, char* plain) const;

 private:
  Key key_;
};

}  // namespace holm::crypto
