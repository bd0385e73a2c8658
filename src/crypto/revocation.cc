// Certificate revocation lists, over OpenSSL.

#include "crypto/revocation.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "base/check.h"

namespace holm::crypto {

namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509_CRL* p) const { X509_CRL_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::vector<std::string> pem_pieces(std::string_view text, std::string_view mark) {
  const std::string begin = fmt::format("-----BEGIN {}-----", mark), end = fmt::format("-----END {}-----", mark);
  std::vector<std::string> pieces;
  for (size_t at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at)) {
    const size_t last = text.find(end, at);
    if (last == std::string_view::npos) return {};
    pieces.push_back(std::string(text.substr(at, last + end.size() - at)) + "\n");
    at = last;
  }
  return pieces;
}

Result<size_t> count_revoked(std::string_view lists) {
  const std::vector<std::string> pieces = pem_pieces(lists, "X509 CRL");
  if (pieces.empty()) return failure("There is no certificate revocation list in PEM.");
  size_t count = 0;
  for (const std::string& piece : pieces) {
    const Owned<BIO> reader(BIO_new_mem_buf(piece.data(), static_cast<int>(piece.size())));
    CHECK(reader != nullptr);
    const Owned<X509_CRL> list(PEM_read_bio_X509_CRL(reader.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (list == nullptr) return failure("A certificate revocation list cannot be read.");
    const STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(list.get());
    if (revoked != nullptr) count += static_cast<size_t>(sk_X509_REVOKED_num(revoked));
  }
  return count;
}

}  // namespace holm::crypto
