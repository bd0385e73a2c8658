// What KMS gives out for a plaintext.

#include "services/kms/ciphertext.h"

#include "base/strings.h"

namespace holm::kms {

namespace {

constexpr char kFormat = 1;
constexpr size_t kHeaderBytesMax = 200;

// "account/region/key/version"
std::string header_of(const Ciphertext& ciphertext) {
  return join({ciphertext.account, ciphertext.region, ciphertext.key, std::to_string(ciphertext.version)},
              "/");
}

void add_length_and_text(std::string& bytes, std::string_view text) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(text.size() >> shift & 0xff);
  bytes += text;
}

}  // namespace

std::string write_ciphertext(const Ciphertext& ciphertext) {
  const std::string header = header_of(ciphertext);
  std::string bytes(1, kFormat);
  bytes += static_cast<char>(header.size());
  return bytes + header + ciphertext.sealed;
}

std::optional<Ciphertext> parse_ciphertext(std::string_view bytes) {
  if (bytes.size() < 2 || bytes[0] != kFormat) return std::nullopt;
  const size_t length = static_cast<uint8_t>(bytes[1]);
  if (length > kHeaderBytesMax || bytes.size() < 2 + length) return std::nullopt;
  const auto parts = split(bytes.substr(2, length), '/');
  if (parts.size() != 4 || !is_utf8(bytes.substr(2, length))) return std::nullopt;
  const auto version = parse_integer(parts[3]);
  if (!version) return std::nullopt;
  return Ciphertext{.account = std::string(parts[0]),
                    .region = std::string(parts[1]),
                    .key = std::string(parts[2]),
                    .version = *version,
                    .sealed = std::string(bytes.substr(2 + length))};
}

std::string bound_to(const Ciphertext& ciphertext, const EncryptionContext& context) {
  std::string bytes;
  add_length_and_text(bytes, header_of(ciphertext));
  for (const auto& [name, value] : context) {
    add_length_and_text(bytes, name);
    add_length_and_text(bytes, value);
  }
  return bytes;
}

}  // namespace holm::kms
