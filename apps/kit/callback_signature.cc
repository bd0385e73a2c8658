// How a function proves to the web program that a report is its own.

#include "kit/callback_signature.h"

#include <charconv>

#include "kit/crypto.h"

namespace kit {

namespace {

constexpr std::int64_t kSecondsOff = 300;

}  // namespace

std::string sign_callback(std::string_view secret, std::string_view body,
                          std::int64_t unix_seconds) {
  std::string time = std::to_string(unix_seconds);
  return "t=" + time + ",v1=" + hex(hmac_sha256(secret, time + "." + std::string(body)));
}

bool is_callback_signed(std::string_view secret, std::string_view body, std::string_view header,
                        std::int64_t now) {
  if (secret.empty() || !header.starts_with("t=")) return false;
  std::int64_t time = 0;
  auto [end, error] = std::from_chars(header.data() + 2, header.data() + header.size(), time);
  if (error != std::errc() || time < now - kSecondsOff || time > now + kSecondsOff) return false;
  return equal_in_constant_time(header, sign_callback(secret, body, time));
}

}  // namespace kit
