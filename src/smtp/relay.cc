// Reading a relay's URL.

#include "smtp/relay.h"


#include "base/characters.h"
#include "base/strings.h"

namespace holm::smtp {

namespace {

constexpr uint16_t kSubmissionPort = 587, kTlsPort = 465;

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 253 && is_alphanumeric(text, "-.:");
}

}  // namespace

Result<Relay> parse_relay(std::string_view url) {
  Relay relay;
  if (url.starts_with("smtps://")) {
    relay.security = Security::Tls;
    relay.port = kTlsPort;
  } else if (url.starts_with("smtp://")) {
    relay.port = kSubmissionPort;
  } else {
    return failure("a mail relay is written smtp://host:port or smtps://host:port");
  }
  std::string_view rest = url.substr(url.find("://") + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = rest.substr(0, at);
    const size_t colon = login.find(':');
    auto user = percent_decode(login.substr(0, colon));
    auto password = percent_decode(colon == std::string_view::npos ? "" : login.substr(colon + 1));
    if (!user || !password || user->empty())
      return failure("the mail relay's name or password cannot be read");
    relay.user = std::move(*user);
    relay.password = std::move(*password);
    rest.remove_prefix(at + 1);
  }
  const bool is_bracketed = rest.starts_with('[');
  const size_t end = is_bracketed ? rest.find(']') : rest.find(':');
  if (is_bracketed && end == std::string_view::npos)
    return failure("the mail relay's address cannot be read");
  relay.host = std::string(is_bracketed ? rest.substr(1, end - 1) : rest.substr(0, end));
  std::string_view port = end == std::string_view::npos ? "" : rest.substr(is_bracketed ? end + 1 : end);
  if (!port.empty()) {
    auto number = port.starts_with(':') ? parse_integer(port.substr(1)) : std::nullopt;
    if (!number || *number < 1 || *number > UINT16_MAX)
      return failure("the mail relay's port cannot be read");
    relay.port = static_cast<uint16_t>(*number);
  }
  if (!is_host(relay.host)) return failure("the mail relay's host cannot be read");
  return relay;
}

}  // namespace holm::smtp
