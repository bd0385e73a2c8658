// Sealing secrets and sessions.

#include "services/iam/vault.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "crypto/hash.h"
#include "formats/json.h"
#include "services/iam/service.h"

namespace holm::iam {

namespace {

constexpr std::string_view kSessionPurpose = "holm session token 1";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// One key for each purpose, so that a text of one kind never passes for one of the other.
crypto::Aead derive(const crypto::Aead::Key& key, std::string_view purpose) {
  std::string_view bytes(reinterpret_cast<const char*>(key.data()), key.size());
  return crypto::Aead(crypto::hmac_sha256(bytes, purpose));
}

std::string text_of(const formats::Value& value, std::string_view name) {
  const formats::Value* member = value.find(name);
  const std::string* text = member ? member->as_string() : nullptr;
  return text ? *text : std::string();
}

Time time_of(const formats::Value& value, std::string_view name) {
  const formats::Value* member = value.find(name);
  return from_milliseconds(member ? member->as_integer().value_or(0) : 0);
}

}  // namespace

Result<crypto::Aead::Key> load_or_make_key(const std::string& path, Random& random) {
  crypto::Aead::Key key;
  std::error_code ignored;
  // One that cannot be read now is not replaced: what it sealed would be lost.
  if (std::filesystem::exists(path, ignored)) {
    Result<std::string> content = read_file(path);
    if (!content) return std::unexpected(content.error());
    std::optional<std::string> bytes = hex_decode(trim(*content));
    if (!bytes || bytes->size() != key.size()) return failure(fmt::format("{} holds no key.", path));
    std::ranges::copy(*bytes, key.begin());
    return key;
  }
  random.fill(key.data(), key.size());
  std::string_view bytes(reinterpret_cast<const char*>(key.data()), key.size());
  Result<void> written = write_file_durably(path, hex_encode(bytes) + "\n", 0600);
  if (!written) return std::unexpected(written.error());
  return key;
}

Vault::Vault(const crypto::Aead::Key& key)
    : secrets_(derive(key, "secrets of access keys")), sessions_(derive(key, "session tokens")) {}

std::string Vault::seal_secret(const aws::AccessKey& key, Random& random) const {
  return secrets_.seal(key.secret_access_key, key.access_key_id, random);
}

std::optional<std::string> Vault::open_secret(std::string_view access_key_id, std::string_view sealed) const {
  return secrets_.open(sealed, access_key_id);
}

std::string Vault::seal_session(const Session& session, Random& random) const {
  const aws::Principal& principal = session.principal;
  formats::Object object;
  object.append("key", session.access_key_id);
  object.append("secret", session.secret_access_key);
  object.append("account", principal.account);
  object.append("arn", principal.arn);
  object.append("id", principal.id);
  object.append("role", principal.role_arn);
  object.append("policy", principal.session_policy);
  formats::Array arns(session.policy_arns.begin(), session.policy_arns.end());
  object.append("arns", std::move(arns));
  object.append("issued", to_milliseconds(session.issued));
  object.append("expires", to_milliseconds(session.expires));
  std::string text = formats::write_json(formats::Value(std::move(object)));
  return base64_encode(sessions_.seal(text, kSessionPurpose, random));
}

std::optional<Session> Vault::open_session(std::string_view token) const {
  std::optional<std::string> sealed = base64_decode(token);
  if (!sealed) return std::nullopt;
  std::optional<std::string> text = sessions_.open(*sealed, kSessionPurpose);
  if (!text) return std::nullopt;
  // Only holm seals such texts, so what opens has every member.
  Result<formats::Value, formats::ParseError> value = formats::parse_json(*text);
  if (!value) return std::nullopt;
  Session session{.access_key_id = text_of(*value, "key"),
                  .secret_access_key = text_of(*value, "secret"),
                  .principal = {.account = text_of(*value, "account"),
                                .arn = text_of(*value, "arn"),
                                .id = text_of(*value, "id"),
                                .role_arn = text_of(*value, "role"),
                                .session_policy = text_of(*value, "policy")},
                  .issued = time_of(*value, "issued"),
                  .expires = time_of(*value, "expires")};
  session.principal.access_key_id = session.access_key_id;
  session.principal.kind =
      session.principal.role_arn.empty() ? aws::Principal::Kind::User : aws::Principal::Kind::AssumedRole;
  const formats::Value* arns = value->find("arns");
  if (arns != nullptr && arns->as_array() != nullptr) {
    for (const formats::Value& arn : *arns->as_array()) session.policy_arns.push_back(*arn.as_string());
  }
  return session;
}

// After the prefix come 80 bits in base 32: a one, 40 bits of account, 39 random ones.
aws::AccessKey make_access_key(KeyKind kind, std::string_view account, Random& random) {
  uint64_t number = static_cast<uint64_t>(parse_integer(account).value_or(0));
  uint64_t chance = random.number();
  unsigned __int128 bits = (static_cast<unsigned __int128>(1) << 79) |
                           (static_cast<unsigned __int128>(number) << 39) | (chance & ((uint64_t{1} << 39) - 1));
  std::string id = kind == KeyKind::LongLived ? "AKIA" : "ASIA";
  for (int shift = 75; shift >= 0; shift -= 5) id += kBase32[static_cast<size_t>(bits >> shift) & 31];
  return {.access_key_id = std::move(id), .secret_access_key = random.alphanumeric(40)};
}

std::optional<std::string> account_of_key(std::string_view id) {
  constexpr size_t kLength = 20;
  if (id.size() != kLength || (!id.starts_with("AKIA") && !id.starts_with("ASIA"))) return std::nullopt;
  unsigned __int128 bits = 0;
  for (char c : id.substr(4)) {
    size_t digit = kBase32.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 5) | digit;
  }
  uint64_t number = static_cast<uint64_t>(bits >> 39) & ((uint64_t{1} << 40) - 1);
  return fmt::format("{:012}", number);
}

}  // namespace holm::iam
