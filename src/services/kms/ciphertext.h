// What KMS gives out for a plaintext: which key opens it, and the sealed bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace holm::kms {

struct Ciphertext {
  std::string account;
  std::string region;
  std::string key;  // The id.
  int64_t version = 0;
  std::string sealed;
};

std::string write_ciphertext(const Ciphertext& ciphertext);
// Nothing for bytes that are none.
std::optional<Ciphertext> parse_ciphertext(std::string_view bytes);

using EncryptionContext = std::map<std::string, std::string>;
// What the sealed bytes are bound to: another key, version or context does not open them.
std::string bound_to(const Ciphertext& ciphertext, const EncryptionContext& context);

}  // namespace holm::kms
