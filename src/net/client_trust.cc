// OpenSSL verifies; what it objects to is looked at here once more.

#include "net/client_trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/strings.h"
#include "crypto/certificate.h"

namespace holm::net {

namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_CRL* p) const { X509_CRL_free(p); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(STACK_OF(X509_NAME) * p) const { sk_X509_NAME_pop_free(p, X509_NAME_free); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

int no_password(char*, int, int, void*) { return -1; }

Owned<BIO> reader(std::string_view text) {
  Owned<BIO> bio(BIO_new_mem_buf(text.empty() ? "" : text.data(), static_cast<int>(text.size())));
  CHECK(bio != nullptr);
  return bio;
}

std::string pem_of(X509* certificate) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  CHECK(bio != nullptr && PEM_write_bio_X509(bio.get(), certificate) == 1);
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<size_t>(count)};
}

int take_any(int, X509_STORE_CTX*) { return 1; }

// Lists are given for some authorities and not renewed by themselves: those that there are hold, however old.
bool is_about_missing_lists(int problem) {
  return problem == X509_V_ERR_UNABLE_TO_GET_CRL || problem == X509_V_ERR_CRL_HAS_EXPIRED ||
         problem == X509_V_ERR_CRL_NOT_YET_VALID;
}

int verify(int is_good, X509_STORE_CTX* context) {
  if (is_good == 1 || is_about_missing_lists(X509_STORE_CTX_get_error(context))) return 1;
  return 0;
}

int verify_but_for_expiry(int is_good, X509_STORE_CTX* context) {
  return X509_STORE_CTX_get_error(context) == X509_V_ERR_CERT_HAS_EXPIRED ? 1 : verify(is_good, context);
}

}  // namespace

struct ClientTrust::Loaded {
  Owned<X509_STORE> store;
  Owned<STACK_OF(X509_NAME)> names;
};

ClientTrust::ClientTrust(ClientTrustOptions options, std::unique_ptr<Loaded> loaded)
    : options_(std::move(options)), loaded_(std::move(loaded)) {}
ClientTrust::~ClientTrust() = default;

std::shared_ptr<const ClientTrust> ClientTrust::load(ClientTrustOptions options) {
  ERR_clear_error();
  auto loaded = std::make_unique<Loaded>();
  loaded->store.reset(X509_STORE_new());
  loaded->names.reset(sk_X509_NAME_new_null());
  CHECK(loaded->store != nullptr && loaded->names != nullptr);
  int lists = 0;
  const Owned<BIO> certificates = reader(options.authorities);
  while (Owned<X509> each{PEM_read_bio_X509(certificates.get(), nullptr, no_password, nullptr)}) {
    X509_STORE_add_cert(loaded->store.get(), each.get());
    sk_X509_NAME_push(loaded->names.get(), X509_NAME_dup(X509_get_subject_name(each.get())));
  }
  const Owned<BIO> revocations = reader(options.revocations);
  while (Owned<X509_CRL> each{PEM_read_bio_X509_CRL(revocations.get(), nullptr, no_password, nullptr)}) {
    X509_STORE_add_crl(loaded->store.get(), each.get());
    ++lists;
  }
  // The end of each text is reported as an error.
  ERR_clear_error();
  // Each authority is trusted for itself, whoever signed it.
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
  if (lists > 0) flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  X509_STORE_set_flags(loaded->store.get(), flags);
  return std::make_shared<const ClientTrust>(std::move(options), std::move(loaded));
}

bool ClientTrust::lets_anybody_in() const {
  return options_.check == ClientTrustOptions::Check::Take || sk_X509_NAME_num(loaded_->names.get()) > 0;
}

bool ClientTrust::apply(SSL* session) const {
  // Whoever comes back with a ticket would not be looked at again.
  SSL_set_options(session, SSL_OP_NO_TICKET);
  if (SSL_set_num_tickets(session, 0) != 1) return false;
  if (options_.check == ClientTrustOptions::Check::Take) {
    SSL_set_verify(session, SSL_VERIFY_PEER, take_any);
    return true;
  }
  const bool ignores_expiry = options_.expired == ClientTrustOptions::Expired::Allow;
  SSL_set_verify(session, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                 ignores_expiry ? verify_but_for_expiry : verify);
  if (options_.names == ClientTrustOptions::Names::Tell) {
    SSL_set_client_CA_list(session, sk_X509_NAME_deep_copy(loaded_->names.get(), X509_NAME_dup, X509_NAME_free));
  }
  return SSL_set1_verify_cert_store(session, loaded_->store.get()) == 1;
}

std::shared_ptr<const ClientCertificate> client_certificate(SSL* session, const ClientTrust& trust) {
  const Owned<X509> leaf(SSL_get1_peer_certificate(session));
  if (!leaf || SSL_is_init_finished(session) != 1) return nullptr;
  auto made = std::make_shared<ClientCertificate>();
  made->owner = trust.options().owner;
  made->leaf = made->chain = pem_of(leaf.get());
  const STACK_OF(X509)* sent = SSL_get_peer_cert_chain(session);
  for (int i = 0; sent && i < sk_X509_num(sent); ++i) made->chain += pem_of(sk_X509_value(sent, i));
  if (const auto summary = crypto::describe_certificate(made->leaf)) {
    made->serial_number = replace_all(summary->serial, ":", "");
    for (char& c : made->serial_number) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    made->subject = summary->subject;
    made->issuer = summary->issuer;
    made->not_before = summary->not_before;
    made->not_after = summary->not_after;
  }
  ERR_clear_error();
  return made;
}

}  // namespace holm::net
