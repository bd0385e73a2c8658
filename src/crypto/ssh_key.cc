// SSH keys over OpenSSL.

#include "crypto/ssh_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <optional>

#include "base/check.h"
#include "base/strings.h"
#include "crypto/hash.h"

namespace holm::crypto {

namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(BIGNUM* p) const { BN_clear_free(p); }
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(PKCS8_PRIV_KEY_INFO* p) const { PKCS8_PRIV_KEY_INFO_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr std::string_view kRsa = "ssh-rsa", kEd25519 = "ssh-ed25519";
constexpr size_t kEd25519Bytes = 32;
constexpr int kRsaBitsMin = 1024, kRsaBitsMax = 8192;
constexpr size_t kLineBytesMax = 16 * 1024;
constexpr size_t kPemColumns = 70;
constexpr size_t kBlockBytes = 8;

// The wire's texts have their length in front. https://www.rfc-editor.org/rfc/rfc4251#section-5
std::string word(uint32_t number) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(number >> shift);
  return text;
}
std::string field(std::string_view bytes) { return word(static_cast<uint32_t>(bytes.size())).append(bytes); }

// Takes a field off the front.
std::optional<std::string_view> take_field(std::string_view& rest) {
  if (rest.size() < 4) return std::nullopt;
  size_t bytes = 0;
  for (int i = 0; i < 4; ++i) bytes = bytes << 8 | static_cast<unsigned char>(rest[static_cast<size_t>(i)]);
  if (bytes > rest.size() - 4) return std::nullopt;
  const std::string_view taken = rest.substr(4, bytes);
  rest.remove_prefix(4 + bytes);
  return taken;
}

std::string with_colons(std::string_view digest) {
  const std::string hex = hex_encode(digest);
  std::string text;
  for (size_t i = 0; i < hex.size(); i += 2) text += (i == 0 ? "" : ":") + hex.substr(i, 2);
  return text;
}

template <class Write>
std::string written(Write write) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  CHECK(bio != nullptr && write(bio.get()) == 1);
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<size_t>(count)};
}

std::string ed25519_fingerprint(std::string_view blob) {
  const Sha256Digest digest = sha256(blob);
  return base64_encode(bytes_of(digest));
}

// Big-endian, with a zero in front of what would else look negative.
std::string number_field(const EVP_PKEY* key, const char* name) {
  BIGNUM* found = nullptr;
  CHECK(EVP_PKEY_get_bn_param(key, name, &found) == 1);
  const Owned<BIGNUM> number(found);
  std::string bytes(static_cast<size_t>(BN_num_bytes(found)) + 1, '\0');
  BN_bn2bin(found, reinterpret_cast<unsigned char*>(bytes.data()) + 1);
  if ((bytes[1] & 0x80) == 0) bytes.erase(0, 1);
  return field(bytes);
}

SshKeyPair generate_rsa() {
  const Owned<EVP_PKEY> key(EVP_RSA_gen(2048));
  CHECK(key != nullptr);
  const Owned<PKCS8_PRIV_KEY_INFO> info(EVP_PKEY2PKCS8(key.get()));
  CHECK(info != nullptr);
  const std::string der = written([&](BIO* out) { return i2d_PKCS8_PRIV_KEY_INFO_bio(out, info.get()); });
  const Sha1Digest digest = sha1(der);
  const std::string blob = field(kRsa) + number_field(key.get(), OSSL_PKEY_PARAM_RSA_E) +
                           number_field(key.get(), OSSL_PKEY_PARAM_RSA_N);
  return {.private_key = written([&](BIO* out) {
            return PEM_write_bio_PrivateKey_traditional(out, key.get(), nullptr, nullptr, 0, nullptr,
                                                        nullptr);
          }),
          .public_key = std::string(kRsa) + " " + base64_encode(blob),
          .fingerprint = with_colons(bytes_of(digest))};
}

// https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key
std::string openssh_pem(std::string_view blob, std::string_view public_bytes, std::string_view seed,
                        Random& random) {
  std::string check(4, '\0');
  random.fill(check.data(), check.size());
  std::string secret = check + check + field(kEd25519) + field(public_bytes) +
                       field(std::string(seed).append(public_bytes)) + field("");
  for (char pad = 1; secret.size() % kBlockBytes != 0; ++pad) secret += pad;
  const std::string all = std::string("openssh-key-v1").append(1, '\0') + field("none") + field("none") +
                          field("") + word(1) + field(blob) + field(secret);
  const std::string text = base64_encode(all);
  std::string pem = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
  for (size_t at = 0; at < text.size(); at += kPemColumns) pem += text.substr(at, kPemColumns) + "\n";
  return pem + "-----END OPENSSH PRIVATE KEY-----\n";
}

SshKeyPair generate_ed25519(Random& random) {
  const Owned<EVP_PKEY> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  CHECK(key != nullptr);
  std::array<unsigned char, kEd25519Bytes> open{}, seed{};
  size_t open_bytes = open.size(), seed_bytes = seed.size();
  CHECK(EVP_PKEY_get_raw_public_key(key.get(), open.data(), &open_bytes) == 1);
  CHECK(EVP_PKEY_get_raw_private_key(key.get(), seed.data(), &seed_bytes) == 1);
  const std::string blob = field(kEd25519) + field(bytes_of(open));
  return {.private_key = openssh_pem(blob, bytes_of(open), bytes_of(seed), random),
          .public_key = std::string(kEd25519) + " " + base64_encode(blob),
          .fingerprint = ed25519_fingerprint(blob)};
}

Owned<BIGNUM> number_of(std::string_view bytes) {
  return Owned<BIGNUM>(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                 static_cast<int>(bytes.size()), nullptr));
}

// SubjectPublicKeyInfo; nothing for numbers that are no key.
std::optional<std::string> rsa_der(std::string_view exponent, std::string_view modulus) {
  const Owned<BIGNUM> e = number_of(exponent), n = number_of(modulus);
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  CHECK(e && n && builder && context);
  CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) == 1);
  CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) == 1);
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  EVP_PKEY* made = nullptr;
  const bool is_key = EVP_PKEY_fromdata_init(context.get()) == 1 &&
                      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1;
  const Owned<EVP_PKEY> key(made);
  const int bits = is_key ? EVP_PKEY_get_bits(key.get()) : 0;
  ERR_clear_error();
  if (bits < kRsaBitsMin || bits > kRsaBitsMax) return std::nullopt;
  return written([&](BIO* out) { return i2d_PUBKEY_bio(out, key.get()); });
}

}  // namespace

SshKeyPair generate_ssh_key(SshKeyKind kind, Random& random) {
  switch (kind) {
    case SshKeyKind::Rsa2048: return generate_rsa();
    case SshKeyKind::Ed25519: return generate_ed25519(random);
  }
  CHECK(false);
  return {};
}

Result<SshPublicKey> read_ssh_public_key(std::string_view line) {
  if (line.size() > kLineBytesMax) return failure("The public key is too long.");
  const auto words = split(trim(line), ' ');
  const auto blob = words.size() >= 2 ? base64_decode(words[1]) : std::nullopt;
  if (!blob) return failure("The public key is not in OpenSSH's form.");
  std::string_view rest = *blob;
  const auto name = take_field(rest), first = take_field(rest);
  if (!name || !first || *name != words[0]) return failure("The public key is malformed.");
  if (*name == kEd25519) {
    if (first->size() != kEd25519Bytes || !rest.empty()) return failure("The Ed25519 key is malformed.");
    return SshPublicKey{SshKeyKind::Ed25519, ed25519_fingerprint(*blob)};
  }
  const auto modulus = take_field(rest);
  if (*name != kRsa || !modulus || !rest.empty())
    return failure("The public key is of no kind that is taken.");
  const auto der = rsa_der(*first, *modulus);
  if (!der) return failure("The RSA key is not one of 1024 to 8192 bits.");
  const Md5Digest digest = md5(*der);
  return SshPublicKey{SshKeyKind::Rsa2048, with_colons(bytes_of(digest))};
}

}  // namespace holm::crypto
