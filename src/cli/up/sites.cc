// URLs of sites.

#include "cli/up/sites.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"
#include "base/strings.h"

namespace holm::cli {

namespace {

constexpr uint16_t kWebPort = 80;

bool is_host_name(std::string_view name) {
  return is_alphanumeric(name, "-.");
}

bool is_target(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
}

}  // namespace

std::optional<Site> find_site(std::string_view value, uint16_t edge_port) {
  constexpr std::string_view kScheme = "http://";
  if (!value.starts_with(kScheme)) return std::nullopt;
  const std::string_view rest = value.substr(kScheme.size(), value.find('#') - kScheme.size());
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  const size_t colon = std::min(authority.find(':'), authority.size());
  const std::string name(authority.substr(0, colon));
  if (!name.ends_with(".localhost") || name.size() == 10 || !is_host_name(name)) return std::nullopt;
  long long port = kWebPort;
  if (colon < authority.size()) port = parse_integer(authority.substr(colon + 1)).value_or(0);
  if (port != kWebPort && port != edge_port) return std::nullopt;
  std::string path(rest.substr(end));
  if (!path.starts_with('/')) path.insert(0, "/");
  if (!is_target(path)) return std::nullopt;
  const std::string host = edge_port == kWebPort ? name : fmt::format("{}:{}", name, edge_port);
  return Site{.url = fmt::format("http://{}{}", host, path), .host = host, .path = path};
}

}  // namespace holm::cli
