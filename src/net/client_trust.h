// Certificates of clients: whom a server lets in by them, and what it learns of who came.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"

struct ssl_st;

namespace holm::net {

struct ClientTrustOptions {
  // Verify: whoever has no certificate that is good is sent away. Take: any, and none, will do.
  enum class Check : uint8_t { Verify, Take };
  Check check = Check::Verify;
  // Of Verify, in PEM: authorities, at any of which a chain may end, and lists of what they revoked.
  std::string authorities;
  std::string revocations;
  enum class Expired : uint8_t { Refuse, Allow };
  Expired expired = Expired::Refuse;
  // Whether clients are told the authorities' names, to choose a certificate by.
  enum class Names : uint8_t { Hide, Tell };
  Names names = Names::Hide;
  std::string owner;  // Whatever the server calls this; given back with each client.
};

// Immutable; any thread.
class ClientTrust final {
 public:
  // What cannot be read of `authorities` is left out; Verify without any of them lets no client in.
  static std::shared_ptr<const ClientTrust> load(ClientTrustOptions options);
  ~ClientTrust();

  const ClientTrustOptions& options() const { return options_; }
  bool lets_anybody_in() const;
  // Has the session ask for a certificate and judge it. Before the handshake; `this` outlives the session.
  bool apply(ssl_st* session) const;

 private:
  struct Loaded;

 public:
  // For `load`.
  ClientTrust(ClientTrustOptions options, std::unique_ptr<Loaded> loaded);

 private:
  const ClientTrustOptions options_;
  const std::unique_ptr<Loaded> loaded_;
};

// A client's certificate as it was given in the handshake.
struct ClientCertificate {
  std::string owner;  // Of the ClientTrust that took it.
  std::string leaf;   // PEM.
  std::string chain;  // PEM: the leaf and whatever the client sent with it.
  std::string serial_number;  // "03A5B1"
  std::string subject;        // As RFC 2253 has it: "CN=client,O=Example".
  std::string issuer;
  Time not_before{};
  Time not_after{};
};
// Null when the client gave none, or the handshake is not over.
std::shared_ptr<const ClientCertificate> client_certificate(ssl_st* session, const ClientTrust& trust);

}  // namespace holm::net
