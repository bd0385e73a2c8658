// Keys and certificates over OpenSSL. Its error queue is emptied wherever a failure is reported.

#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/characters.h"
#include "base/check.h"
#include "base/strings.h"

namespace holm::crypto {

namespace {

// One deleter for each type of OpenSSL's that is owned here.
struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(X509_STORE_CTX* p) const { X509_STORE_CTX_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(GENERAL_NAMES* p) const { GENERAL_NAMES_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_pop_free(p, X509_free); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr size_t kMaxPemBytes = 1u << 20;
constexpr int kSerialBytes = 16;

std::unexpected<Error> refuse(std::string message) {
  ERR_clear_error();
  return failure(std::move(message));
}

Owned<BIO> reader(std::string_view text) {
  // An empty view may hold no address, which OpenSSL does not take.
  Owned<BIO> bio(BIO_new_mem_buf(text.empty() ? "" : text.data(), static_cast<int>(text.size())));
  CHECK(bio != nullptr);
  return bio;
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<size_t>(count)};
}

Owned<BIO> writer() {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  CHECK(bio != nullptr);
  return bio;
}

std::string pem_of(X509* certificate) {
  const Owned<BIO> bio = writer();
  CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return text_of(bio.get());
}

// Never asks for a passphrase on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

Result<Owned<X509>> read_certificate(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return refuse("The certificate is too long.");
  const Owned<BIO> bio = reader(pem);
  Owned<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
  if (certificate == nullptr) return refuse("The text is not a certificate in PEM.");
  return certificate;
}

Result<Owned<STACK_OF(X509)>> read_certificates(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return refuse("The certificates are too long.");
  Owned<STACK_OF(X509)> all(sk_X509_new_null());
  const Owned<BIO> bio = reader(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    CHECK(sk_X509_push(all.get(), certificate) > 0);
  }
  const unsigned long error = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return refuse("A certificate of the chain cannot be read.");
  ERR_clear_error();
  return all;
}

// Nothing when it is malformed, which OpenSSL notices only here.
std::optional<Time> time_of(const ASN1_TIME* value) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(value, &parts) != 1) return std::nullopt;
  return from_milliseconds(int64_t{timegm(&parts)} * 1000);
}

std::optional<std::string> name_text(const X509_NAME* name) {
  const Owned<BIO> bio = writer();
  if (X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) return std::nullopt;
  return text_of(bio.get());
}

std::string serial_text(const X509* certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  const std::string hex = hex_encode(
      {reinterpret_cast<const char*>(serial->data), static_cast<size_t>(serial->length)});
  std::string text;
  for (size_t i = 0; i < hex.size(); i += 2) text += (i == 0 ? "" : ":") + hex.substr(i, 2);
  return text;
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes->length == 4 ? AF_INET : AF_INET6;
  if (bytes->length != 4 && bytes->length != 16) return {};
  return inet_ntop(family, bytes->data, text.data(), text.size()) != nullptr ? text.data() : "";
}

void read_names(X509* certificate, CertificateSummary& summary) {
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      const ASN1_IA5STRING* text = name->d.dNSName;
      summary.dns_names.emplace_back(reinterpret_cast<const char*>(text->data),
                                     static_cast<size_t>(text->length));
    } else if (name->type == GEN_IPADD) {
      summary.ip_addresses.push_back(address_text(name->d.iPAddress));
    }
  }
}

std::string key_algorithm_of(X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) return {};
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) return "RSA_" + std::to_string(EVP_PKEY_get_bits(key));
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return OBJ_nid2sn(EVP_PKEY_get_base_id(key));
  std::array<char, 64> group{};
  size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &length) != 1) return "EC";
  return "EC_" + std::string(group.data(), length);
}

// OpenSSL reads extensions from a configuration language: nothing of it may be in a name.
bool is_dns_name(std::string_view name) {
  return !name.empty() && name.size() <= 253 && is_alphanumeric(name, "-.*_");
}

bool is_ip_address(const std::string& text) {
  std::array<unsigned char, 16> bytes;
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

Result<std::string> alternative_names(const CertificateTerms& terms) {
  std::vector<std::string> parts;
  for (const std::string& name : terms.dns_names) {
    if (!is_dns_name(name)) return refuse("\"" + name + "\" is not a DNS name.");
    parts.push_back("DNS:" + name);
  }
  for (const std::string& address : terms.ip_addresses) {
    if (!is_ip_address(address)) return refuse("\"" + address + "\" is not an IP address.");
    parts.push_back("IP:" + address);
  }
  return join(parts, ",");
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.2
void set_serial(X509* certificate, Random& random) {
  std::array<unsigned char, kSerialBytes> bytes;
  random.fill(bytes.data(), bytes.size());
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7F) | 0x40);  // Positive, of constant length.
  const Owned<BIGNUM> number(BN_bin2bn(bytes.data(), kSerialBytes, nullptr));
  CHECK(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

void set_time(ASN1_TIME* field, Time time) {
  CHECK(ASN1_TIME_set(field, static_cast<time_t>(to_milliseconds(time) / 1000)) != nullptr);
}

}  // namespace

struct PrivateKey::Handle {
  Owned<EVP_PKEY> key;
};

namespace {

EVP_PKEY* raw(const PrivateKey& key) { return key.handle().key.get(); }

// A certificate that is complete but for its extensions and signature.
Result<Owned<X509>> draft(const CertificateTerms& terms, const PrivateKey& key, Random& random) {
  if (terms.common_name.empty() || terms.common_name.size() > 64 || !is_utf8(terms.common_name)) {
    return refuse("A common name has 1 to 64 bytes of UTF-8.");
  }
  if (terms.not_after <= terms.not_before) return refuse("A certificate ends after it begins.");
  Owned<X509> certificate(X509_new());
  CHECK(certificate != nullptr && X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  set_serial(certificate.get(), random);
  set_time(X509_getm_notBefore(certificate.get()), terms.not_before);
  set_time(X509_getm_notAfter(certificate.get()), terms.not_after);
  CHECK(X509_set_pubkey(certificate.get(), raw(key)) == 1);
  const auto* name = reinterpret_cast<const unsigned char*>(terms.common_name.data());
  CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                   name, static_cast<int>(terms.common_name.size()), -1, 0) == 1);
  return certificate;
}

std::string sign_certificate(X509* certificate, X509* issuer, const PrivateKey& issuer_key) {
  CHECK(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
  CHECK(X509_sign(certificate, raw(issuer_key), EVP_sha256()) > 0);
  return pem_of(certificate);
}

}  // namespace

std::string sign(const PrivateKey& key, SignatureHash hash, std::string_view text) {
  struct FreeContext {
    void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  };
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  const EVP_MD* digest = hash == SignatureHash::Sha1 ? EVP_sha1() : EVP_sha256();
  CHECK(context && EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, raw(key)) == 1);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t length = 0;
  CHECK(EVP_DigestSign(context.get(), nullptr, &length, bytes, text.size()) == 1);
  std::string signature(length, '\0');
  CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, bytes,
                       text.size()) == 1);
  signature.resize(length);
  return signature;
}

PrivateKey PrivateKey::generate(KeyKind kind) {
  auto handle = std::make_shared<Handle>();
  switch (kind) {
    case KeyKind::EcP256:
      handle->key.reset(EVP_EC_gen("P-256"));
      break;
    case KeyKind::Rsa2048:
      handle->key.reset(EVP_RSA_gen(2048));
      break;
  }
  CHECK(handle->key != nullptr);
  return PrivateKey(std::move(handle));
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  if (pem.size() > kMaxPemBytes) return refuse("The private key is too long.");
  const Owned<BIO> bio = reader(pem);
  auto handle = std::make_shared<Handle>();
  handle->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (handle->key == nullptr)
    return refuse("The text is not a private key in PEM without a passphrase.");
  const int type = EVP_PKEY_get_base_id(handle->key.get()),
            bits = EVP_PKEY_get_bits(handle->key.get());
  if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC)
    return refuse("The private key is neither RSA nor EC.");
  if (type == EVP_PKEY_RSA && (bits < 2048 || bits > 8192))
    return refuse("An RSA key has 2048 to 8192 bits.");
  return PrivateKey(std::move(handle));
}

std::string PrivateKey::to_pem() const {
  const Owned<BIO> bio = writer();
  CHECK(PEM_write_bio_PKCS8PrivateKey(bio.get(), handle_->key.get(), nullptr, nullptr, 0, nullptr,
                                      nullptr) == 1);
  return text_of(bio.get());
}

std::string PrivateKey::public_to_pem() const {
  const Owned<BIO> bio = writer();
  CHECK(PEM_write_bio_PUBKEY(bio.get(), handle_->key.get()) == 1);
  return text_of(bio.get());
}

Result<CertificateSummary> describe_certificate(std::string_view pem) {
  auto certificate = read_certificate(pem);
  if (!certificate) return std::unexpected(certificate.error());
  X509* raw_certificate = certificate->get();
  const auto subject = name_text(X509_get_subject_name(raw_certificate));
  const auto issuer = name_text(X509_get_issuer_name(raw_certificate));
  const auto not_before = time_of(X509_get0_notBefore(raw_certificate));
  const auto not_after = time_of(X509_get0_notAfter(raw_certificate));
  if (!subject || !issuer || !not_before || !not_after) {
    return refuse("A name or a time of the certificate is malformed.");
  }
  CertificateSummary summary{.subject = *subject,
                             .issuer = *issuer,
                             .serial = serial_text(raw_certificate),
                             .not_before = *not_before,
                             .not_after = *not_after,
                             .is_authority = X509_check_ca(raw_certificate) == 1,
                             .key_algorithm = key_algorithm_of(raw_certificate),
                             .signature_algorithm = OBJ_nid2sn(X509_get_signature_nid(raw_certificate))};
  read_names(raw_certificate, summary);
  ERR_clear_error();
  return summary;
}

Result<bool> belongs_to(std::string_view pem, const PrivateKey& key) {
  auto certificate = read_certificate(pem);
  if (!certificate) return std::unexpected(certificate.error());
  const bool same = X509_check_private_key(certificate->get(), raw(key)) == 1;
  ERR_clear_error();
  return same;
}

Result<void> verify_chain(std::string_view leaf_pem, std::string_view chain_pem,
                          std::string_view roots_pem, Time at) {
  auto leaf = read_certificate(leaf_pem);
  if (!leaf) return std::unexpected(leaf.error());
  auto chain = read_certificates(chain_pem), roots = read_certificates(roots_pem);
  if (!chain) return std::unexpected(chain.error());
  if (!roots) return std::unexpected(roots.error());
  const Owned<X509_STORE> store(X509_STORE_new());
  for (int i = 0; i < sk_X509_num(roots->get()); ++i) {
    CHECK(X509_STORE_add_cert(store.get(), sk_X509_value(roots->get(), i)) == 1);
  }
  const Owned<X509_STORE_CTX> context(X509_STORE_CTX_new());
  CHECK(X509_STORE_CTX_init(context.get(), store.get(), leaf->get(), chain->get()) == 1);
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()),
                             static_cast<time_t>(to_milliseconds(at) / 1000));
  if (X509_verify_cert(context.get()) != 1) {
    return refuse(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
  }
  return {};
}

Result<std::string> issue_authority(const CertificateTerms& terms, const PrivateKey& key,
                                    Random& random) {
  auto certificate = draft(terms, key, random);
  if (!certificate) return std::unexpected(certificate.error());
  X509* authority = certificate->get();
  add_extension(authority, authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(authority, authority, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(authority, authority, NID_subject_key_identifier, "hash");
  return sign_certificate(authority, authority, key);
}

Result<std::string> issue_leaf(const CertificateTerms& terms, const PrivateKey& key,
                               const Issuer& issuer, Random& random) {
  auto authority = read_certificate(issuer.certificate_pem);
  if (!authority) return std::unexpected(authority.error());
  if (X509_check_ca(authority->get()) != 1) return refuse("The issuer is not an authority.");
  if (X509_check_private_key(authority->get(), raw(issuer.key)) != 1) {
    return refuse("The issuer's key is not that of its certificate.");
  }
  const auto names = alternative_names(terms);
  if (!names) return std::unexpected(names.error());
  auto certificate = draft(terms, key, random);
  if (!certificate) return std::unexpected(certificate.error());
  X509* leaf = certificate->get();
  add_extension(leaf, authority->get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(leaf, authority->get(), NID_key_usage, "critical,digitalSignature,keyEncipherment");
  add_extension(leaf, authority->get(), NID_ext_key_usage, "serverAuth,clientAuth");
  add_extension(leaf, authority->get(), NID_subject_key_identifier, "hash");
  add_extension(leaf, authority->get(), NID_authority_key_identifier, "keyid:always");
  if (!names->empty()) add_extension(leaf, authority->get(), NID_subject_alt_name, *names);
  return sign_certificate(leaf, authority->get(), issuer.key);
}

}  // namespace holm::crypto
