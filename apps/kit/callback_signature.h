// How a function proves to the web program that a report is its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kit {

// "t=<seconds>,v1=<hex>": HMAC-SHA-256 of "<seconds>.<body>".
std::string sign_callback(std::string_view secret, std::string_view body,
                          std::int64_t unix_seconds);

// False for a wrong signature, and for one made more than 300 s before or after `now`. An empty
// secret accepts nothing.
bool is_callback_signed(std::string_view secret, std::string_view body, std::string_view header,
                        std::int64_t now);

}  // namespace kit
