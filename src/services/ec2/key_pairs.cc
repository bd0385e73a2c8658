// Key pairs: public keys that instances let in.

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/strings.h"
#include "crypto/ssh_key.h"
#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/resource.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr size_t kNameBytesMax = 255;
constexpr char kColumns[] = "id, name, type, fingerprint, public_key, created";

void require_new_name(Call& call, const std::string& name) {
  if (name.empty() || name.size() > kNameBytesMax) {
    throw aws::ServiceError(
        "InvalidParameterValue", 400,
        fmt::format("Value ({}) for parameter KeyName is invalid. A name has 1 to 255 characters.",
                    name.substr(0, kNameBytesMax)));
  }
  if (call.transaction.find("SELECT 1 FROM ec2_key_pair WHERE account = ?1 AND region = ?2 AND name = ?3",
                            {call.account, call.region, name})) {
    throw aws::ServiceError("InvalidKeyPair.Duplicate", 400,
                            fmt::format("The keypair already exists: {}", name));
  }
}

// Only the public half is kept.
struct NewKey {
  std::string name, type, fingerprint, public_key;
};

// The id of the new row.
std::string insert_key(Service& service, Call& call, const NewKey& key,
                       const std::vector<TagSpecification>& tags) {
  require_new_name(call, key.name);
  const std::string id = new_id(service.random(), "key");
  call.transaction.run(
      "INSERT INTO ec2_key_pair (account, region, id, name, type, fingerprint, public_key, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      {call.account, call.region, id, key.name, key.type, key.fingerprint, key.public_key,
       to_milliseconds(call.now)});
  write_tags(call, id, "key-pair", tags);
  return id;
}

std::string_view word_of(crypto::SshKeyKind kind) {
  return kind == crypto::SshKeyKind::Ed25519 ? "ed25519" : "rsa";
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateKeyPair.html
// Making an RSA key takes a while, which must not keep writers waiting.
async::Task<KeyPair> create_key_pair(Service& service, LongCall call, CreateKeyPairRequest request) {
  if (request.key_format.value_or("pem") != "pem") throw aws::NotImplemented("CreateKeyPair: KeyFormat ppk");
  const auto kind = request.key_type.value_or("rsa") == word_of(crypto::SshKeyKind::Ed25519)
                        ? crypto::SshKeyKind::Ed25519
                        : crypto::SshKeyKind::Rsa2048;
  crypto::SshKeyPair pair;
  std::function<void(Call&)> make = [&](Call& inner) {
    require_new_name(inner, request.key_name);
    end_dry_run(request.dry_run);
    pair = crypto::generate_ssh_key(kind, service.random());
  };
  aws::Caller caller = call;
  co_await call.client.transact_on_worker(call.reactor, caller, sql::Access::Read, make);
  KeyPair result{
      .key_name = request.key_name, .key_fingerprint = pair.fingerprint, .key_material = pair.private_key};
  std::function<void(Call&)> keep = [&](Call& inner) {
    const NewKey key{request.key_name, std::string(word_of(kind)), pair.fingerprint, pair.public_key};
    result.key_pair_id = insert_key(service, inner, key, request.tag_specifications);
    result.tags = tags_of(inner, *result.key_pair_id);
  };
  co_await call.client.transact_on_worker(call.reactor, caller, sql::Access::Write, keep);
  co_return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ImportKeyPair.html
ImportKeyPairResult import_key_pair(Service& service, Call& call, const ImportKeyPairRequest& request) {
  const auto key = crypto::read_ssh_public_key(request.public_key_material);
  if (!key) {
    throw aws::ServiceError("InvalidKey.Format", 400, "Key is not in valid OpenSSH public key format");
  }
  require_new_name(call, request.key_name);
  end_dry_run(request.dry_run);
  const std::string id = insert_key(service, call,
                                    {request.key_name, std::string(word_of(key->kind)), key->fingerprint,
                                     std::string(trim(request.public_key_material))},
                                    request.tag_specifications);
  return {.key_fingerprint = key->fingerprint,
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
  check_filters("DescribeKeyPairs", request.filters);
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
      if (name == "key-type") return {{row.text(2)}};
      return std::nullopt;
    };
    if (passes(request.filters, info.tags, values, described_as(info)))
      result.key_pairs.push_back(std::move(info));
  }
  if (named < request.key_names.size() + request.key_pair_ids.size()) {
    const bool is_by_id = request.key_names.empty();
    throw aws::ServiceError("InvalidKeyPair.NotFound", 400,
                            fmt::format("The key pair {} '{}' does not exist", is_by_id ? "ID" : "name",
                                        is_by_id ? request.key_pair_ids.front() : request.key_names.front()));
  }
  end_dry_run(request.dry_run);
  return result;
}

}  // namespace holm::ec2
