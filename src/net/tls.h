// TLS on a socket: the contexts that hold certificates, and a session on one connection.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/client_trust.h"
#include "net/stream.h"

struct ssl_st;
struct ssl_ctx_st;

namespace holm::net {

// A certificate chain (leaf first) and its private key, both PEM.
struct CertificatePem {
  std::string chain;
  std::string private_key;
};

enum class TlsVersion { Tls10, Tls11, Tls12, Tls13 };

// The certificate of one name, loaded. Immutable; any thread.
class TlsCertificate final {
 public:
  static Result<std::shared_ptr<const TlsCertificate>> load(const CertificatePem& pem);

 private:
  friend class TlsServerContext;
  struct Loaded;
  std::shared_ptr<const Loaded> loaded_;
};

// What a server agrees to.
struct TlsPolicy {
  TlsVersion version_min = TlsVersion::Tls12;
  TlsVersion version_max = TlsVersion::Tls13;
  // OpenSSL's names in the order of preference, for up to TLS 1.2 and for 1.3; empty: OpenSSL's own.
  std::vector<std::string> ciphers;
  std::vector<std::string> suites;
  // Of the layer above (ALPN), in the order of preference.
  std::vector<std::string> protocols = {"http/1.1"};
  // Null: clients are not asked for certificates.
  std::shared_ptr<const ClientTrust> clients = nullptr;
};

// How one client is answered. Without a certificate the handshake fails.
struct TlsAnswer {
  std::shared_ptr<const TlsCertificate> certificate;
  std::shared_ptr<const TlsPolicy> policy;
};

struct TlsServerOptions {
  TlsPolicy policy;
  std::shared_ptr<const TlsCertificate> certificate;
  // Chooses by the name the client asks for (lower case; empty when it names none); what is null in
  // the answer is taken from above. Called on the connection's thread; does not throw.
  std::function<TlsAnswer(std::string_view server_name)> answer;
};

// Immutable; shared by the connections of a listener. Any thread.
class TlsServerContext final {
 public:
  static Result<std::shared_ptr<const TlsServerContext>> make(TlsServerOptions options);
  ~TlsServerContext();
  // The server's side of TLS on the connected socket `fd` (borrowed).
  std::unique_ptr<TlsSession> accept(int fd) const;

 private:
  struct Context;

 public:
  // For `make`.
  explicit TlsServerContext(std::unique_ptr<Context> context);

 private:
  std::unique_ptr<Context> context_;
};

enum class PeerCheck { Verify, None };

struct TlsClientOptions {
  PeerCheck check = PeerCheck::Verify;
  // PEM certificates to trust; empty trusts the machine's.
  std::string authorities;
  std::vector<std::string> protocols = {"http/1.1"};
};

class TlsClientContext final {
 public:
  static Result<std::shared_ptr<const TlsClientContext>> make(TlsClientOptions options);
  ~TlsClientContext();
  // The client's side on the connected socket `fd` (borrowed), to the server called `server_name`.
  std::unique_ptr<TlsSession> connect(int fd, const std::string& server_name) const;

 private:
  struct Context;

 public:
  // For `make`.
  explicit TlsClientContext(std::unique_ptr<Context> context);

 private:
  std::unique_ptr<Context> context_;
};

// TLS on one connection; the Stream that owns it drives it.
class TlsSession final {
 public:
  // Takes the session, which has its socket.
  explicit TlsSession(ssl_st* session);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // "h2", "http/1.1", or empty while or unless something was agreed on.
  std::string_view protocol() const;
  // The name the client asked for; empty when it named none.
  std::string_view server_name() const;
  // As in an access log: "TLSv1.3" and "TLS_AES_128_GCM_SHA256".
  std::string_view version() const;
  std::string_view cipher() const;
  bool handshake_done() const;
  // Of a server that asks for them; null when there is none.
  std::shared_ptr<const ClientCertificate> client_certificate() const;

  // What a call needs from the socket before it can go on.
  enum class Needs { Nothing, Readable, Writable };
  struct Step {
    IoResult result;
    Needs needs = Needs::Nothing;
  };
  // Carries the handshake on; Needs::Nothing when it is over, one way or the other.
  Step shake_hands();
  Step read(std::span<char> buffer);
  // Whether a read can give nothing before the socket has more: all it had was taken, and nothing is left here.
  bool has_drained_socket() const;
  // To be told when the socket may have more: what was found out about it before holds no longer.
  void socket_changed() { was_short_ = false; }
  Step write(std::string_view bytes);
  void end_writing();

 private:
  ssl_st* session_;
  bool was_short_ = false;  // The last read from the socket.
  mutable std::shared_ptr<const ClientCertificate> client_;  // Once it was asked for.
};

}  // namespace holm::net
