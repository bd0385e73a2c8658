// The mail relay that messages are handed to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holm::smtp {

enum class Security {
  None,
  StartTls,  // Required when the relay offers it; see client.h.
  Tls,       // From the first byte.
};

struct Relay {
  std::string host;
  uint16_t port = 587;
  Security security = Security::StartTls;
  std::string user;      // Empty: the relay is not told who sends.
  std::string password;  // Never logged.
};

// "smtp://user:password@mail.example.com:587" or "smtps://…" (TLS from the start, port 465). What is no
// letter or digit of a name or password is percent-encoded.
Result<Relay> parse_relay(std::string_view url);

}  // namespace holm::smtp
