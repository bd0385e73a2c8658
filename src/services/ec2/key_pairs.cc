// Key pairs: public keys that instances let in.

#include <fmt/format.h>

#include "base/strings.h"
#include "crypto/hash.h"
#include "ec2/handlers.h"
#include "services/ec2/resource.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

// "aa:bb:…", as ssh-keygen -E md5 prints it.
std::string fingerprint_of(std::string_view blob) {
  const std::string hex = hex_encode(crypto::bytes_of(crypto::md5(blob)));
  std::string text;
  for (size_t i = 0; i < hex.size(); i += 2) text += (i == 0 ? "" : ":") + hex.substr(i, 2);
  return text;
}

struct PublicKey {
  std::string type;
  std::string blob;
};

// "ssh-ed25519 AAAA… comment"
PublicKey require_public_key(std::string_view text) {
  auto words = split(trim(text), ' ');
  auto blob = words.size() >= 2 ? base64_decode(words[1]) : std::nullopt;
  const bool is_known = words[0] == "ssh-rsa" || words[0] == "ssh-ed25519";
  if (!blob || !is_known || blob->find(std::string(words[0])) != 4) {
    throw aws::ServiceError("InvalidKey.Format", 400, "Key is not in valid OpenSSH public key format");
  }
  return {words[0] == "ssh-rsa" ? "rsa" : "ed25519", *blob};
}

constexpr char kColumns[] = "id, name, type, fingerprint, public_key, created";

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html
ImportKeyPairResult import_key_pair(Service& service, Call& call, const ImportKeyPairRequest& request) {
  const PublicKey key = require_public_key(request.public_key_material);
  if (call.transaction.find("SELECT 1 FROM ec2_key_pair WHERE account = ?1 AND region = ?2 AND name = ?3",
                            {call.account, call.region, request.key_name})) {
    throw aws::ServiceError("InvalidKeyPair.Duplicate", 400,
                            fmt::format("The keypair already exists: {}", request.key_name));
  }
  end_dry_run(request.dry_run);
  const std::string id = new_id(service.random(), "key");
  const std::string fingerprint = fingerprint_of(key.blob);
  call.transaction.run(
      "INSERT INTO ec2_key_pair (account, region, id, name, type, fingerprint, public_key, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      {call.account, call.region, id, request.key_name, key.type, fingerprint,
       std::string(trim(request.public_key_material)), to_milliseconds(call.now)});
  write_tags(call, id, "key-pair", request.tag_specifications);
  return {.key_fingerprint = fingerprint,
          .key_name = request.key_name,
          .key_pair_id = id,
          .tags = tags_of(call, id)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteKeyPair.html
DeleteKeyPairResult delete_key_pair(Service&, Call& call, const DeleteKeyPairRequest& request) {
  if (!request.key_name && !request.key_pair_id) throw_missing("KeyName");
  end_dry_run(request.dry_run);
  auto row = call.transaction.find(
      fmt::format("SELECT id FROM ec2_key_pair WHERE account = ?1 AND region = ?2 AND {} = ?3",
                  request.key_pair_id ? "id" : "name"),
      {call.account, call.region, request.key_pair_id ? *request.key_pair_id : *request.key_name});
  // Deleting a key pair that is not there succeeds.
  if (!row) return {.return_ = true};
  call.transaction.run("DELETE FROM ec2_key_pair WHERE id = ?1", {row->text(0)});
  delete_tags_of(call, row->text(0));
  return {.return_ = true, .key_pair_id = row->text(0)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeKeyPairs.html
DescribeKeyPairsResult describe_key_pairs(Service&, Call& call, const DescribeKeyPairsRequest& request) {
  DescribeKeyPairsResult result;
  size_t named = 0;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT {} FROM ec2_key_pair WHERE account = ?1 AND region = ?2 ORDER BY name",
                       kColumns),
           {call.account, call.region})) {
    if (!is_asked_for(request.key_names, row.text(1)) || !is_asked_for(request.key_pair_ids, row.text(0)))
      continue;
    ++named;
    KeyPairInfo info{.key_pair_id = row.text(0),
                     .key_type = row.text(2),
                     .tags = tags_of(call, row.text(0)),
                     .create_time = from_milliseconds(row.integer(5)),
                     .key_name = row.text(1),
                     .key_fingerprint = row.text(3)};
    if (request.include_public_key.value_or(false)) info.public_key = row.text(4);
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "key-name") return {{row.text(1)}};
      if (name == "key-pair-id") return {{row.text(0)}};
      if (name == "fingerprint") return {{row.text(3)}};
      return std::nullopt;
    };
    if (passes(request.filters, info.tags, values)) result.key_pairs.push_back(std::move(info));
  }
  if (named < request.key_names.size()) {
    throw aws::ServiceError("InvalidKeyPair.NotFound", 400,
                            fmt::format("The key pair '{}' does not exist", request.key_names.front()));
  }
  end_dry_run(request.dry_run);
  return result;
}

}  // namespace holm::ec2
