// One file holds the private key and the certificate, so that there is never one without the other.

#include "services/acm/authority.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/files.h"

namespace holm::acm {

namespace {

constexpr std::chrono::hours kLife{24 * 365 * 10};
constexpr std::chrono::hours kBefore{24};  // Clocks differ.
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";

}  // namespace

Result<std::string> read_authority_certificate(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text;
  const size_t begin = text->find(kBegin);
  if (begin == std::string::npos) return failure(fmt::format("{} holds no certificate", path));
  return text->substr(begin);
}

Result<Authority> load_or_make_authority(const std::string& path, Time now, Random& random) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    auto text = read_file(path);
    if (!text) return std::unexpected(text.error());
    auto key = crypto::PrivateKey::from_pem(*text);
    auto certificate = read_authority_certificate(path);
    const bool belong = key && certificate && crypto::belongs_to(*certificate, *key).value_or(false);
    if (!belong) {
      return failure(fmt::format("{} does not hold the region's authority, a key and its certificate", path));
    }
    return Authority{std::move(*certificate), std::move(*key)};
  }
  auto key = crypto::PrivateKey::generate(crypto::KeyKind::EcP256);
  // Its number tells it from the authorities of other regions in a browser's list.
  auto made = crypto::issue_authority({.common_name = "holm region authority " + random.hex(8),
                                       .dns_names = {},
                                       .ip_addresses = {},
                                       .not_before = now - kBefore,
                                       .not_after = now + kLife},
                                      key, random);
  if (!made) return std::unexpected(made.error());
  if (auto written = write_file_durably(path, key.to_pem() + *made, 0600); !written) {
    return std::unexpected(written.error());
  }
  return Authority{std::move(*made), std::move(key)};
}

}  // namespace holm::acm
