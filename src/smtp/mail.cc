// Messages as RFC 5322 writes them.

#include "smtp/mail.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "base/time_format.h"

namespace holm::smtp {

namespace {

constexpr size_t kAddressMax = 254, kLocalMax = 64;
constexpr size_t kLineMax = 998;
constexpr size_t kEncodedLine = 76;
// Of UTF-8 in one encoded word, which has at most 75 characters.
constexpr size_t kWordBytes = 42;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// RFC 2047: words of base64, none of which ends within a character.
std::string encoded_words(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    size_t length = std::min(text.size(), kWordBytes);
    while (length > 1 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
      --length;
    result +=
        (result.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base64_encode(text.substr(0, length)) + "?=";
    text.remove_prefix(length);
  }
  return result;
}

std::string header_text(std::string_view text) {
  return is_printable_ascii(text) ? std::string(text) : encoded_words(text);
}

bool has_long_line(std::string_view text) {
  return std::ranges::any_of(split(text, '\n'), [](std::string_view line) { return line.size() > kLineMax; });
}

}  // namespace

bool is_address(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > kLocalMax || text.size() > kAddressMax) return false;
  const std::string_view domain = text.substr(at + 1);
  const bool is_plain = std::ranges::all_of(text, [](char c) {
    return c > ' ' && c <= '~' && std::string_view("<>()[]\\,;:\"").find(c) == std::string_view::npos;
  });
  return is_plain && !domain.empty() && domain.find('@') == std::string_view::npos &&
         !domain.starts_with('.') && !domain.ends_with('.') && domain.find("..") == std::string_view::npos;
}

std::string write_mail(const Mail& mail) {
  const std::string domain = mail.sender.substr(mail.sender.find('@') + 1);
  const std::string from = mail.sender_name.empty()
                               ? fmt::format("<{}>", mail.sender)
                               : fmt::format("{} <{}>", encoded_words(mail.sender_name), mail.sender);
  // "Sat, 21 Nov 2026 03:20:00 GMT" is nearly what mail wants.
  const std::string date = replace_all(http_date(mail.time), "GMT", "+0000");
  std::string bytes = fmt::format(
      "From: {}\r\nTo: <{}>\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\nMIME-Version: 1.0\r\n"
      "Auto-Submitted: auto-generated\r\nContent-Type: text/plain; charset=UTF-8\r\n",
      from, mail.recipient, header_text(mail.subject), date, mail.id, domain);
  const bool is_plain =
      is_ascii(mail.text) && !has_long_line(mail.text) && mail.text.find('\0') == std::string::npos;
  if (is_plain) {
    bytes += "Content-Transfer-Encoding: 7bit\r\n\r\n";
    std::string lines = replace_all(replace_all(mail.text, "\r\n", "\n"), "\r", "\n");
    bytes += replace_all(lines, "\n", "\r\n");
    if (!bytes.ends_with("\r\n")) bytes += "\r\n";
    return bytes;
  }
  bytes += "Content-Transfer-Encoding: base64\r\n\r\n";
  const std::string encoded = base64_encode(mail.text);
  for (size_t at = 0; at < encoded.size(); at += kEncodedLine)
    bytes += encoded.substr(at, kEncodedLine) + "\r\n";
  return bytes;
}

}  // namespace holm::smtp
