// OpenSSL on the socket itself: no buffers between, and those of OpenSSL are released when idle.

#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>

#include "base/strings.h"
#include "net/address.h"

namespace holm::net {

namespace {

struct Free {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_pop_free(p, X509_free); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::unexpected<Error> tls_failure(std::string_view what) {
  std::string message(what);
  if (unsigned long code = ERR_get_error()) {
    char text[256];
    ERR_error_string_n(code, text, sizeof text);
    message += ": ";
    message += text;
  }
  ERR_clear_error();
  return failure(std::move(message));
}

// The protocols as they stand in a handshake: each after its length.
std::string alpn_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Owned<BIO> memory(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key that is encrypted is refused instead of asking the terminal for its password.
int no_password(char*, int, int, void*) { return 0; }

Owned<SSL_CTX> new_context(const SSL_METHOD* method) {
  Owned<SSL_CTX> context(SSL_CTX_new(method));
  if (!context) return context;
  // OpenSSL writes to sockets with write(2), which would end the process when the peer has left.
  std::signal(SIGPIPE, SIG_IGN);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A record's header and body in one system call; whoever reads goes on until nothing is left.
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  return context;
}

}  // namespace

struct TlsCertificate::Loaded {
  Owned<X509> leaf;
  Owned<STACK_OF(X509)> chain;
  Owned<EVP_PKEY> key;
};

Result<std::shared_ptr<const TlsCertificate>> TlsCertificate::load(const CertificatePem& pem) {
  ERR_clear_error();
  auto loaded = std::make_shared<Loaded>();
  Owned<BIO> chain = memory(pem.chain);
  loaded->leaf.reset(PEM_read_bio_X509(chain.get(), nullptr, no_password, nullptr));
  if (!loaded->leaf) return tls_failure("the certificate cannot be read");
  loaded->chain.reset(sk_X509_new_null());
  while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, no_password, nullptr)) {
    sk_X509_push(loaded->chain.get(), next);
  }
  // The end of the chain is reported as an error.
  ERR_clear_error();
  Owned<BIO> key = memory(pem.private_key);
  loaded->key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, no_password, nullptr));
  if (!loaded->key) return tls_failure("the private key cannot be read");
  if (X509_check_private_key(loaded->leaf.get(), loaded->key.get()) != 1) {
    return tls_failure("the private key does not belong to the certificate");
  }
  auto certificate = std::make_shared<TlsCertificate>();
  certificate->loaded_ = std::move(loaded);
  return certificate;
}

struct TlsServerContext::Context {
  Owned<SSL_CTX> ssl;
  TlsServerOptions options;
  std::shared_ptr<const TlsPolicy> policy;

  static int answer_hello(SSL* session, int* alert, void* self);
  static int choose_protocol(SSL* session, const unsigned char** chosen, unsigned char* chosen_size,
                             const unsigned char* offered, unsigned offered_size, void* self);
};

namespace {

// The policy of a session lives as long as the session.
using HeldPolicy = std::shared_ptr<const TlsPolicy>;
void drop_policy(void*, void* held, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<HeldPolicy*>(held);
}
int policy_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, drop_policy);
  return index;
}

// The name in the extension server_name, as it comes: a list of names, each after its kind and its
// length (RFC 6066, section 3). Empty when there is none.
std::string_view asked_name(SSL* session) {
  const unsigned char* bytes = nullptr;
  size_t count = 0;
  if (SSL_client_hello_get0_ext(session, TLSEXT_TYPE_server_name, &bytes, &count) != 1) return {};
  if (count < 5 || bytes[2] != TLSEXT_NAMETYPE_host_name) return {};
  const size_t length = static_cast<size_t>(bytes[3]) << 8 | bytes[4];
  if (length > count - 5) return {};
  return {reinterpret_cast<const char*>(bytes + 5), length};
}

int number_of(TlsVersion version) {
  switch (version) {
    case TlsVersion::Tls10: return TLS1_VERSION;
    case TlsVersion::Tls11: return TLS1_1_VERSION;
    case TlsVersion::Tls12: return TLS1_2_VERSION;
    case TlsVersion::Tls13: break;
  }
  return TLS1_3_VERSION;
}

bool apply(SSL* session, const TlsPolicy& policy) {
  if (SSL_set_min_proto_version(session, number_of(policy.version_min)) != 1) return false;
  if (SSL_set_max_proto_version(session, number_of(policy.version_max)) != 1) return false;
  // OpenSSL's own level of security forbids what the oldest versions are made of.
  if (policy.version_min < TlsVersion::Tls12) SSL_set_security_level(session, 0);
  const std::string ciphers = join(policy.ciphers, ":");
  if (!ciphers.empty() && SSL_set_cipher_list(session, ciphers.c_str()) != 1) return false;
  const std::string suites = join(policy.suites, ":");
  return suites.empty() || SSL_set_ciphersuites(session, suites.c_str()) == 1;
}

}  // namespace

// Before anything of the client's offer is looked at, so that the policy decides on all of it.
int TlsServerContext::Context::answer_hello(SSL* session, int* alert, void* self) {
  const auto& context = *static_cast<const Context*>(self);
  TlsAnswer answer;
  if (context.options.answer) answer = context.options.answer(to_lower(asked_name(session)));
  if (!answer.certificate) answer.certificate = context.options.certificate;
  if (!answer.policy) answer.policy = context.policy;
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  if (!answer.certificate) return SSL_CLIENT_HELLO_ERROR;
  *alert = SSL_AD_INTERNAL_ERROR;
  const TlsCertificate::Loaded& loaded = *answer.certificate->loaded_;
  if (!apply(session, *answer.policy)) return SSL_CLIENT_HELLO_ERROR;
  if (answer.policy->clients && !answer.policy->clients->apply(session)) return SSL_CLIENT_HELLO_ERROR;
  if (SSL_use_cert_and_key(session, loaded.leaf.get(), loaded.key.get(), loaded.chain.get(), 1) != 1) {
    return SSL_CLIENT_HELLO_ERROR;
  }
  SSL_set_ex_data(session, policy_index(), std::make_unique<HeldPolicy>(std::move(answer.policy)).release());
  return SSL_CLIENT_HELLO_SUCCESS;
}

int TlsServerContext::Context::choose_protocol(SSL* session, const unsigned char** chosen,
                                               unsigned char* chosen_size,
                                               const unsigned char* offered, unsigned offered_size,
                                               void*) {
  const auto* policy = static_cast<const HeldPolicy*>(SSL_get_ex_data(session, policy_index()));
  if (!policy || (*policy)->protocols.empty()) return SSL_TLSEXT_ERR_NOACK;
  const std::string ours = alpn_wire((*policy)->protocols);
  unsigned char* selected = nullptr;
  int found = SSL_select_next_proto(&selected, chosen_size, bytes_of(ours),
                                    static_cast<unsigned>(ours.size()), offered, offered_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  // What is selected lies in our list, which ends here; the same bytes stand in the client's offer.
  const std::string_view name(reinterpret_cast<const char*>(selected), *chosen_size);
  const std::string_view offer(reinterpret_cast<const char*>(offered), offered_size);
  *chosen = offered + offer.find(name);
  return SSL_TLSEXT_ERR_OK;
}

TlsServerContext::TlsServerContext(std::unique_ptr<Context> context)
    : context_(std::move(context)) {}
TlsServerContext::~TlsServerContext() = default;

Result<std::shared_ptr<const TlsServerContext>> TlsServerContext::make(TlsServerOptions options) {
  ERR_clear_error();
  auto context = std::make_unique<Context>();
  context->ssl = new_context(TLS_server_method());
  if (!context->ssl) return tls_failure("no TLS context");
  context->policy = std::make_shared<const TlsPolicy>(options.policy);
  context->options = std::move(options);
  SSL_CTX* ssl = context->ssl.get();
  // Sessions may be bound by their policies to older versions than OpenSSL likes.
  SSL_CTX_set_min_proto_version(ssl, TLS1_VERSION);
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(ssl, 1);
  SSL_CTX_set_client_hello_cb(ssl, Context::answer_hello, context.get());
  SSL_CTX_set_alpn_select_cb(ssl, Context::choose_protocol, nullptr);
  return std::make_shared<const TlsServerContext>(std::move(context));
}

std::unique_ptr<TlsSession> TlsServerContext::accept(int fd) const {
  SSL* session = SSL_new(context_->ssl.get());
  if (!session) return nullptr;
  SSL_set_fd(session, fd);
  SSL_set_accept_state(session);
  return std::make_unique<TlsSession>(session);
}

struct TlsClientContext::Context {
  Owned<SSL_CTX> ssl;
  TlsClientOptions options;
};

TlsClientContext::TlsClientContext(std::unique_ptr<Context> context)
    : context_(std::move(context)) {}
TlsClientContext::~TlsClientContext() = default;

Result<std::shared_ptr<const TlsClientContext>> TlsClientContext::make(TlsClientOptions options) {
  ERR_clear_error();
  auto context = std::make_unique<Context>();
  context->ssl = new_context(TLS_client_method());
  if (!context->ssl) return tls_failure("no TLS context");
  SSL_CTX* ssl = context->ssl.get();
  if (options.authorities.empty()) {
    SSL_CTX_set_default_verify_paths(ssl);
  } else {
    Owned<BIO> authorities = memory(options.authorities);
    X509_STORE* store = SSL_CTX_get_cert_store(ssl);
    while (X509* each = PEM_read_bio_X509(authorities.get(), nullptr, no_password, nullptr)) {
      X509_STORE_add_cert(store, each);
      X509_free(each);
    }
    ERR_clear_error();
  }
  bool verify = options.check == PeerCheck::Verify;
  SSL_CTX_set_verify(ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  std::string alpn = alpn_wire(options.protocols);
  SSL_CTX_set_alpn_protos(ssl, bytes_of(alpn), static_cast<unsigned>(alpn.size()));
  context->options = std::move(options);
  return std::make_shared<const TlsClientContext>(std::move(context));
}

std::unique_ptr<TlsSession> TlsClientContext::connect(int fd, const std::string& name) const {
  SSL* session = SSL_new(context_->ssl.get());
  if (!session) return nullptr;
  SSL_set_fd(session, fd);
  SSL_set_connect_state(session);
  if (Address::parse(name, 0)) {
    // Addresses are never sent as server names (RFC 6066, section 3).
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str());
  } else if (!name.empty()) {
    SSL_set_tlsext_host_name(session, name.c_str());
    SSL_set1_host(session, name.c_str());
  }
  return std::make_unique<TlsSession>(session);
}

namespace {

// Looks at the session's reads from its socket.
long note_read(BIO* socket, int operation, const char*, size_t wanted, int, long, int returned, size_t* read) {
  if (operation == (BIO_CB_READ | BIO_CB_RETURN)) {
    auto* was_short = reinterpret_cast<bool*>(BIO_get_callback_arg(socket));
    *was_short = returned <= 0 || *read < wanted;
  }
  return returned;
}

}  // namespace

TlsSession::TlsSession(SSL* session) : session_(session) {
  BIO* const socket = SSL_get_rbio(session_);
  BIO_set_callback_ex(socket, note_read);
  BIO_set_callback_arg(socket, reinterpret_cast<char*>(&was_short_));
}

TlsSession::~TlsSession() { SSL_free(session_); }

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(session_, &name, &bytes);
  return {reinterpret_cast<const char*>(name), bytes};
}

std::string_view TlsSession::server_name() const {
  const char* name = SSL_get_servername(session_, TLSEXT_NAMETYPE_host_name);
  return name ? name : "";
}

std::string_view TlsSession::version() const { return SSL_get_version(session_); }
std::string_view TlsSession::cipher() const { return SSL_get_cipher_name(session_); }
bool TlsSession::handshake_done() const { return SSL_is_init_finished(session_) == 1; }

std::shared_ptr<const ClientCertificate> TlsSession::client_certificate() const {
  if (client_) return client_;
  const auto* policy = static_cast<const HeldPolicy*>(SSL_get_ex_data(session_, policy_index()));
  if (!policy || !(*policy)->clients) return nullptr;
  client_ = net::client_certificate(session_, *(*policy)->clients);
  return client_;
}

namespace {

// Errors of other sessions on this thread must not be taken for ours. There are none as a rule, and clearing all
// the places for them takes longer than looking.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

TlsSession::Step outcome(SSL* session, int returned, size_t bytes) {
  using Needs = TlsSession::Needs;
  if (returned > 0) return {{Io::Done, bytes}, Needs::Nothing};
  switch (SSL_get_error(session, returned)) {
    case SSL_ERROR_WANT_READ:
      return {{Io::WouldBlock, 0}, Needs::Readable};
    case SSL_ERROR_WANT_WRITE:
      return {{Io::WouldBlock, 0}, Needs::Writable};
    case SSL_ERROR_ZERO_RETURN:
      return {{Io::End, 0}, Needs::Nothing};
    default:
      return {{Io::Failed, 0}, Needs::Nothing};
  }
}

}  // namespace

TlsSession::Step TlsSession::shake_hands() {
  forget_errors();
  return outcome(session_, SSL_do_handshake(session_), 0);
}

TlsSession::Step TlsSession::read(std::span<char> buffer) {
  forget_errors();
  size_t bytes = 0;
  int returned = SSL_read_ex(session_, buffer.data(), buffer.size(), &bytes);
  return outcome(session_, returned, bytes);
}

bool TlsSession::has_drained_socket() const { return was_short_ && SSL_has_pending(session_) == 0; }

TlsSession::Step TlsSession::write(std::string_view bytes) {
  forget_errors();
  size_t written = 0;
  int returned = SSL_write_ex(session_, bytes.data(), bytes.size(), &written);
  return outcome(session_, returned, written);
}

void TlsSession::end_writing() {
  ERR_clear_error();
  // Before the handshake is complete there is nobody to say goodbye to.
  if (handshake_done()) SSL_shutdown(session_);
  ERR_clear_error();
}

}  // namespace holm::net
