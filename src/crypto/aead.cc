// AES-256-GCM over OpenSSL. A sealed text is the nonce, the encrypted text and the tag.

#include "crypto/aead.h"

#include <openssl/evp.h>

#include <memory>

#include "base/check.h"
#include "base/random.h"
#include "crypto/hash.h"
#include "crypto/sealed_text.h"

namespace holm::crypto {

namespace {

constexpr size_t kPlainBytesMax = 1 << 30;

// Fetched once: looking it up costs more than sealing a short text.
const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const kCipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  CHECK(kCipher != nullptr);
  return kCipher;
}

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* octets(char* text) { return reinterpret_cast<unsigned char*>(text); }

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

Context make_context() {
  Context context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  CHECK(EVP_CipherInit_ex2(context.get(), cipher(), nullptr, nullptr, 1, nullptr) == 1);
  return context;
}

// Of one thread: each text has a nonce of its own, and mostly the key of the one before, whose schedule is kept.
// Making a context, or a schedule, takes longer than sealing a short text.
class Keyed final {
 public:
  // Ready for a text with that key and nonce.
  EVP_CIPHER_CTX* begin(const Aead::Key& key, std::string_view sealed, bool seals) {
    const bool is_known = is_set_ && constant_time_equals(bytes_of(key), bytes_of(key_));
    const unsigned char* const key_to_set = is_known ? nullptr : key.data();
    is_set_ = false;  // Until it is certain which key's schedule there is.
    CHECK(EVP_CipherInit_ex2(context_.get(), nullptr, key_to_set, octets(sealed), seals ? 1 : 0, nullptr) == 1);
    key_ = key;
    is_set_ = true;
    return context_.get();
  }

 private:
  Context context_ = make_context();
  Aead::Key key_{};
  bool is_set_ = false;
};

EVP_CIPHER_CTX* context_for(const Aead::Key& key, std::string_view sealed, bool seals) {
  thread_local Keyed sealing, opening;
  return (seals ? sealing : opening).begin(key, sealed, seals);
}

}  // namespace

std::string Aead::seal(std::string_view plain, std::string_view bound_to, Random& random) const {
  std::string sealed(kNonceBytes + plain.size() + kTagBytes, '\0');
  seal_to(key_, plain, bound_to, random, sealed.data());
  return sealed;
}

void seal_to(const Aead::Key& key, std::string_view plain, std::string_view bound_to, Random& random,
             char* sealed) {
  CHECK(plain.size() <= kPlainBytesMax && bound_to.size() <= kPlainBytesMax);
  random.fill(sealed, kNonceBytes);
  EVP_CIPHER_CTX* const context = context_for(key, {sealed, kNonceBytes}, true);
  int count = 0;
  int last = 0;
  unsigned char* out = octets(sealed) + kNonceBytes;
  const int bound_bytes = static_cast<int>(bound_to.size());
  const int plain_bytes = static_cast<int>(plain.size());
  CHECK(EVP_EncryptUpdate(context, nullptr, &count, octets(bound_to), bound_bytes) == 1);
  CHECK(EVP_EncryptUpdate(context, out, &count, octets(plain), plain_bytes) == 1);
  CHECK(EVP_EncryptFinal_ex(context, out + count, &last) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, kTagBytes, out + plain.size()) == 1);
}

std::optional<std::string> Aead::open(std::string_view sealed, std::string_view bound_to) const {
  if (sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
  std::string plain(sealed.size() - kNonceBytes - kTagBytes, '\0');
  if (!open_to(sealed, bound_to, plain.data())) return std::nullopt;
  return plain;
}

bool Aead::open_to(std::string_view sealed, std::string_view bound_to, char* plain) const {
  return crypto::open_to(key_, sealed, bound_to, plain);
}

bool open_to(const Aead::Key& key, std::string_view sealed, std::string_view bound_to, char* plain) {
  if (sealed.size() < kNonceBytes + kTagBytes || sealed.size() > kPlainBytesMax) return false;
  const std::string_view text = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::array<char, kTagBytes> tag;
  sealed.copy(tag.data(), kTagBytes, sealed.size() - kTagBytes);
  EVP_CIPHER_CTX* const context = context_for(key, sealed, false);
  unsigned char* out = octets(plain);
  int count = 0;
  int last = 0;
  const int bound_bytes = static_cast<int>(bound_to.size());
  const int text_bytes = static_cast<int>(text.size());
  CHECK(EVP_DecryptUpdate(context, nullptr, &count, octets(bound_to), bound_bytes) == 1);
  CHECK(EVP_DecryptUpdate(context, out, &count, octets(text), text_bytes) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, kTagBytes, octets(tag.data())) == 1);
  return EVP_DecryptFinal_ex(context, out + count, &last) == 1;
}

}  // namespace holm::crypto
