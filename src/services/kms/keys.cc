// Keys: their rows, finding them by what clients call them, and their material.

#include "services/kms/keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/error.h"
#include "base/check.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "kms/errors.h"
#include "services/kms/service.h"

namespace holm::kms {

namespace {

constexpr std::string_view kColumns =
    "account, region, id, state, manager, description, policy, created, deletion, rotation_days, "
    "next_rotation";
constexpr size_t kMaterialBytes = 32;
// The services that have keys of their own here, and what those protect.
struct OwnKey {
  std::string_view alias, service, protects;
};
constexpr OwnKey kOwnKeys[] = {{"alias/aws/s3", "s3", "S3 objects"},
                               {"alias/aws/ebs", "ec2", "EBS volumes"},
                               {"alias/aws/ssm", "ssm", "SSM parameters"}};

std::optional<Time> time_in(int64_t milliseconds) {
  if (milliseconds == 0) return std::nullopt;
  return from_milliseconds(milliseconds);
}

KeyRow key_from(const sql::Row& row) {
  return {.account = row.text(0),
          .region = row.text(1),
          .id = row.text(2),
          .state = row.text(3),
          .manager = row.text(4),
          .description = row.text(5),
          .policy = row.text(6),
          .created = from_milliseconds(row.integer(7)),
          .deletion = time_in(row.integer(8)),
          .rotation_days = static_cast<int32_t>(row.integer(9)),
          .next_rotation = time_in(row.integer(10))};
}

// Where a name points: "arn:aws:kms:region:account:key/id", or the caller's own place.
struct Place {
  std::string account;
  std::string region;
  std::string name;  // An id, or "alias/…".
};

Place require_place(const Call& call, const std::string& name) {
  if (!name.starts_with("arn:")) return {call.account, call.region, name};
  const auto parts = split(name, ':');
  const bool is_ours = parts.size() == 6 && parts[2] == "kms" && !parts[4].empty();
  const std::string_view rest = is_ours ? parts[5] : std::string_view();
  if (!rest.starts_with("key/") && !rest.starts_with("alias/")) {
    throw InvalidArnException(fmt::format("Invalid arn {}", name));
  }
  return {std::string(parts[4]), std::string(parts[3]),
          std::string(rest.starts_with("key/") ? rest.substr(4) : rest)};
}

std::string material_of(const Service& service, sql::Transaction& transaction, const KeyRow& key,
                        int64_t version) {
  const auto row = transaction.find(
      "SELECT sealed FROM kms_material WHERE account = ?1 AND region = ?2 AND key = ?3 AND version = ?4",
      {key.account, key.region, key.id, version});
  if (!row) throw InvalidCiphertextException("");
  const auto material = service.seal().open(row->blob(0), key.id);
  CHECK(material.has_value());
  return *material;
}

crypto::Aead aead_of(const std::string& material) {
  crypto::Aead::Key key{};
  CHECK(material.size() == key.size());
  std::ranges::copy(material, key.begin());
  return crypto::Aead(key);
}

int64_t newest_version(sql::Transaction& transaction, const KeyRow& key) {
  return transaction
      .find(
          "SELECT coalesce(max(version), 0) FROM kms_material WHERE account = ?1 AND region = ?2 AND key = "
          "?3",
          {key.account, key.region, key.id})
      ->integer(0);
}

// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
// A service's own key: whoever of the account comes through the service.
std::string own_policy(const std::string& account, std::string_view via) {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"*"}},)"
      R"("Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],)"
      R"("Resource":"*","Condition":{{"StringEquals":{{"kms:CallerAccount":"{0}","kms:ViaService":"{1}"}}}}}},)"
      R"({{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{0}:root"}},)"
      R"("Action":["kms:Describe*","kms:Get*","kms:List*"],"Resource":"*"}}]}})",
      account, via);
}

KeyRow make_own_key(const Service& service, Call& call, const OwnKey& own) {
  const KeyRow key =
      insert_key(service, call,
                 {.account = call.account,
                  .region = call.region,
                  .manager = "AWS",
                  .description = fmt::format("Default key that protects my {} when no other key is defined",
                                             own.protects),
                  .policy = own_policy(call.account,
                                       fmt::format("{}.{}.amazonaws.com", own.service, call.region))});
  call.transaction.run(
      "INSERT INTO kms_alias (account, region, name, key, created, updated) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
      {call.account, call.region, std::string(own.alias), key.id, to_milliseconds(call.now)});
  return key;
}

// A UUID, or "mrk-" and 32 hexadecimal digits.
bool is_key_id(std::string_view name) {
  auto is_hexadecimal = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (name.starts_with("mrk-")) {
    return name.size() == 36 && std::ranges::all_of(name.substr(4), is_hexadecimal);
  }
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return name.size() == kForm.size() && std::ranges::equal(name, kForm, [&](char given, char wanted) {
           return wanted == 'x' ? is_hexadecimal(given) : given == wanted;
         });
}

}  // namespace

std::string key_arn(const KeyRow& key) {
  return fmt::format("arn:aws:kms:{}:{}:key/{}", key.region, key.account, key.id);
}

std::optional<KeyRow> find_key(Call& call, const std::string& name, Naming naming) {
  Place place = require_place(call, name);
  if (place.name.starts_with("alias/")) {
    if (naming == Naming::KeyOnly) return std::nullopt;
    const auto target =
        call.transaction.find("SELECT key FROM kms_alias WHERE account = ?1 AND region = ?2 AND name = ?3",
                              {place.account, place.region, place.name});
    if (!target) return std::nullopt;
    place.name = target->text(0);
  }
  const auto row = call.transaction.find(
      fmt::format("SELECT {} FROM kms_key WHERE account = ?1 AND region = ?2 AND id = ?3", kColumns),
      {place.account, place.region, place.name});
  if (!row) return std::nullopt;
  return key_from(*row);
}

namespace {

// Who asks in one region does not mean a key of another.
void require_region(const Call& call, const std::string& name) {
  const Place place = require_place(call, name);
  if (place.region != call.region) throw NotFoundException(fmt::format("Invalid arn {}", place.region));
}

}  // namespace

KeyRow require_key(Call& call, const std::string& name, Naming naming) {
  require_region(call, name);
  if (auto key = find_key(call, name, naming)) return *key;
  const Place place = require_place(call, name);
  const std::string arn = fmt::format("arn:aws:kms:{}:{}:", place.region, place.account);
  if (place.name.starts_with("alias/")) {
    throw NotFoundException(fmt::format("Alias {}{} is not found.", arn, place.name));
  }
  if (!is_key_id(place.name)) throw NotFoundException(fmt::format("Invalid keyId '{}'", place.name));
  throw NotFoundException(fmt::format("Key '{}key/{}' does not exist", arn, place.name));
}

KeyRow require_key_for_use(const Service& service, Call& call, const std::string& name) {
  require_region(call, name);
  if (auto key = find_key(call, name, Naming::KeyOrAlias)) return *key;
  const auto own = std::ranges::find(kOwnKeys, name, &OwnKey::alias);
  // Only the service itself brings its key into being.
  if (own != std::end(kOwnKeys) && call.via_service.starts_with(fmt::format("{}.", own->service))) {
    return make_own_key(service, call, *own);
  }
  return require_key(call, name, Naming::KeyOrAlias);
}

void require_usable(const KeyRow& key) {
  if (key.state == "Enabled") return;
  if (key.state == "Disabled") throw DisabledException(fmt::format("{} is disabled.", key_arn(key)));
  throw KMSInvalidStateException(fmt::format("{} is pending deletion.", key_arn(key)));
}

KeyRow insert_key(const Service& service, Call& call, const KeyRow& key) {
  KeyRow made = key;
  made.id = service.random().uuid();
  made.state = "Enabled";
  made.created = call.now;
  call.transaction.run(
      "INSERT INTO kms_key (account, region, id, state, manager, description, policy, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      {made.account, made.region, made.id, made.state, made.manager, made.description, made.policy,
       to_milliseconds(made.created)});
  add_material(service, call.transaction, made);
  return made;
}

void add_material(const Service& service, sql::Transaction& transaction, const KeyRow& key) {
  std::string material(kMaterialBytes, '\0');
  service.random().fill(material.data(), material.size());
  transaction.run(
      "INSERT INTO kms_material (account, region, key, version, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
      {key.account, key.region, key.id, newest_version(transaction, key) + 1,
       sql::Blob{service.seal().seal(material, key.id, service.random())}});
}

std::string material_id(const Ciphertext& ciphertext) {
  const std::string name = fmt::format("key material {}/{}/{}/{}", ciphertext.account, ciphertext.region,
                                       ciphertext.key, ciphertext.version);
  return hex_encode(crypto::bytes_of(crypto::sha256(name)));
}

std::string current_material_id(Call& call, const KeyRow& key) {
  return material_id({.account = key.account,
                      .region = key.region,
                      .key = key.id,
                      .version = newest_version(call.transaction, key),
                      .sealed = {}});
}

std::string encrypt_with(const Service& service, Call& call, const KeyRow& key, std::string_view plain,
                         const EncryptionContext& context) {
  Ciphertext ciphertext{.account = key.account,
                        .region = key.region,
                        .key = key.id,
                        .version = newest_version(call.transaction, key),
                        .sealed = {}};
  const std::string material = material_of(service, call.transaction, key, ciphertext.version);
  ciphertext.sealed = aead_of(material).seal(plain, bound_to(ciphertext, context), service.random());
  return write_ciphertext(ciphertext);
}

std::string decrypt_with(const Service& service, Call& call, const KeyRow& key, const Ciphertext& ciphertext,
                         const EncryptionContext& context) {
  const std::string material = material_of(service, call.transaction, key, ciphertext.version);
  const auto plain = aead_of(material).open(ciphertext.sealed, bound_to(ciphertext, context));
  if (!plain) throw InvalidCiphertextException("");
  return *plain;
}

std::string default_policy(const std::string& account) {
  return fmt::format(
      R"({{"Version":"2012-10-17","Id":"key-default-1","Statement":[{{"Sid":"Enable IAM User Permissions",)"
      R"("Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"kms:*","Resource":"*"}}]}})",
      account);
}

}  // namespace holm::kms
