// AES-256-GCM over OpenSSL. A sealed text is the nonce, the encrypted text and the tag.

#include "crypto/aead.h"

#include <openssl/evp.h>

#include <memory>

#include "base/check.h"
#include "base/random.h"

namespace holm::crypto {

namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kPlainBytesMax = 1 << 30;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

// Fetched once: looking it up costs more than sealing a short text.
const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const kCipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  CHECK(kCipher != nullptr);
  return kCipher;
}

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* octets(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string Aead::seal(std::string_view plain, std::string_view bound_to, Random& random) const {
  CHECK(plain.size() <= kPlainBytesMax && bound_to.size() <= kPlainBytesMax);
  std::string sealed(kNonceBytes + plain.size() + kTagBytes, '\0');
  random.fill(sealed.data(), kNonceBytes);
  Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int count = 0;
  int last = 0;
  unsigned char* out = octets(sealed) + kNonceBytes;
  CHECK(context != nullptr);
  CHECK(EVP_EncryptInit_ex2(context.get(), cipher(), key_.data(), octets(sealed), nullptr) == 1);
  const int bound_bytes = static_cast<int>(bound_to.size());
  const int plain_bytes = static_cast<int>(plain.size());
  CHECK(EVP_EncryptUpdate(context.get(), nullptr, &count, octets(bound_to), bound_bytes) == 1);
  CHECK(EVP_EncryptUpdate(context.get(), out, &count, octets(plain), plain_bytes) == 1);
  CHECK(EVP_EncryptFinal_ex(context.get(), out + count, &last) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, out + plain.size()) == 1);
  return sealed;
}

std::optional<std::string> Aead::open(std::string_view sealed, std::string_view bound_to) const {
  if (sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
  std::string plain(sealed.size() - kNonceBytes - kTagBytes, '\0');
  if (!open_to(sealed, bound_to, plain.data())) return std::nullopt;
  return plain;
}

bool Aead::open_to(std::string_view sealed, std::string_view bound_to, char* plain) const {
  if (sealed.size() < kNonceBytes + kTagBytes || sealed.size() > kPlainBytesMax) return false;
  std::string_view text = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  auto* out = reinterpret_cast<unsigned char*>(plain);
  Context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int count = 0;
  int last = 0;
  CHECK(context != nullptr);
  CHECK(EVP_DecryptInit_ex2(context.get(), cipher(), key_.data(), octets(sealed), nullptr) == 1);
  const int bound_bytes = static_cast<int>(bound_to.size());
  const int text_bytes = static_cast<int>(text.size());
  CHECK(EVP_DecryptUpdate(context.get(), nullptr, &count, octets(bound_to), bound_bytes) == 1);
  CHECK(EVP_DecryptUpdate(context.get(), out, &count, octets(text), text_bytes) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, octets(tag)) == 1);
  return EVP_DecryptFinal_ex(context.get(), out + count, &last) == 1;
}

}  // namespace holm::crypto
