// One message, and its bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace holm::smtp {

struct Mail {
  std::string sender_name;  // Shown beside the address; may be empty.
  std::string sender;       // is_address() holds for it and for the next.
  std::string recipient;
  std::string subject;
  std::string text;  // UTF-8, lines end with \n.
  std::string id;    // [A-Za-z0-9.-]+, the left part of its Message-ID.
  Time time{};
};

// Whether `text` is an address that can be sent to: "name@example.com", without quotes, comments or control
// characters.
bool is_address(std::string_view text);

// Header and body, lines end with \r\n, before dots are doubled.
std::string write_mail(const Mail& mail);

}  // namespace holm::smtp
