// AES-256-OCB over libgcrypt, which uses the wide instructions of newer processors; OpenSSL 3.0 has none of them.
// https://www.gnupg.org/documentation/manuals/gcrypt/Working-with-cipher-handles.html

#include "crypto/ocb.h"

#include <gcrypt.h>

#include <memory>

#include "base/check.h"
#include "base/random.h"

namespace holm::crypto::ocb {

namespace {

// Keys are not in memory that is never swapped out: those of OpenSSL are not, either.
bool prepare_library() {
  // A kernel in FIPS mode would have the library refuse all that FIPS does not know.
  gcry_control(GCRYCTL_NO_FIPS_MODE);
  if (gcry_check_version(GCRYPT_VERSION) == nullptr) return false;
  gcry_control(GCRYCTL_DISABLE_SECMEM);
  gcry_control(GCRYCTL_INITIALIZATION_FINISHED);
  return true;
}

struct Close {
  void operator()(gcry_cipher_hd_t cipher) const { gcry_cipher_close(cipher); }
};
using Cipher = std::unique_ptr<gcry_cipher_handle, Close>;

Cipher make_cipher() {
  static const bool kIsPrepared = prepare_library();
  CHECK(kIsPrepared);
  gcry_cipher_hd_t cipher = nullptr;
  CHECK(gcry_cipher_open(&cipher, GCRY_CIPHER_AES256, GCRY_CIPHER_MODE_OCB, 0) == 0);
  return Cipher(cipher);
}

// One a thread, which gets a key and a nonce for each text, and is ready for all of the text at once.
gcry_cipher_hd_t cipher_for(const Aead::Key& key, const char* nonce, std::string_view bound_to) {
  thread_local const Cipher kCipher = make_cipher();
  gcry_cipher_hd_t const cipher = kCipher.get();
  CHECK(gcry_cipher_setkey(cipher, key.data(), key.size()) == 0);
  CHECK(gcry_cipher_setiv(cipher, nonce, kNonceBytes) == 0);
  CHECK(gcry_cipher_authenticate(cipher, bound_to.data(), bound_to.size()) == 0);
  CHECK(gcry_cipher_final(cipher) == 0);
  return cipher;
}

}  // namespace

void seal_to(const Aead::Key& key, std::string_view plain, std::string_view bound_to, Random& random,
             char* sealed) {
  random.fill(sealed, kNonceBytes);
  gcry_cipher_hd_t const cipher = cipher_for(key, sealed, bound_to);
  char* const text = sealed + kNonceBytes;
  CHECK(gcry_cipher_encrypt(cipher, text, plain.size(), plain.data(), plain.size()) == 0);
  CHECK(gcry_cipher_gettag(cipher, text + plain.size(), kTagBytes) == 0);
}

bool open_to(const Aead::Key& key, std::string_view sealed, std::string_view bound_to, char* plain) {
  if (sealed.size() < kNonceBytes + kTagBytes) return false;
  const size_t bytes = sealed.size() - kNonceBytes - kTagBytes;
  const char* const text = sealed.data() + kNonceBytes;
  gcry_cipher_hd_t const cipher = cipher_for(key, sealed.data(), bound_to);
  CHECK(gcry_cipher_decrypt(cipher, plain, bytes, text, bytes) == 0);
  return gcry_cipher_checktag(cipher, text + bytes, kTagBytes) == 0;
}

}  // namespace holm::crypto::ocb
