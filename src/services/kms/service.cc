// KMS as a whole: what its operations need permission for, and its jobs.

#include "services/kms/service.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/log.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "jobs/jobs.h"
#include "kms/handlers.h"
#include "services/kms/keys.h"

namespace holm::kms {

namespace {

crypto::Aead::Key own_key(const crypto::Aead::Key& key) {
  return crypto::hmac_sha256(crypto::bytes_of(key), "material of keys in KMS");
}

// A member of any input, by its name in the model.
const void* find_member(const aws::Operation& operation, const void* input, std::string_view name) {
  for (const aws::Member& member : operation.input->members) {
    if (member.name == name) return aws::find_field(member, input);
  }
  return nullptr;
}

std::optional<std::string> text_in(const aws::Operation& operation, const void* input,
                                   std::string_view name) {
  const void* field = find_member(operation, input, name);
  if (field == nullptr) return std::nullopt;
  return *static_cast<const std::string*>(field);
}

// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
aws::Access access_to(const Call& call, const KeyRow& key, const std::string& action,
                      const EncryptionContext& context) {
  aws::Access access{.action = "kms:" + action,
                     .resource = key_arn(key),
                     .context = {{"kms:CallerAccount", {call.account}}},
                     .resource_policy = key.policy,
                     .resource_account = key.account,
                     .resource_rule = aws::ResourceRule::MustAllow};
  if (!call.via_service.empty()) access.context["kms:ViaService"] = {call.via_service};
  std::vector<std::string> names;
  for (const auto& [name, value] : context) {
    access.context["kms:EncryptionContext:" + name] = {value};
    names.push_back(name);
  }
  if (!names.empty()) access.context["kms:EncryptionContextKeys"] = std::move(names);
  return access;
}

aws::Access access_to_alias(const Call& call, const std::string& action, const std::string& alias) {
  return {.action = "kms:" + action,
          .resource = fmt::format("arn:aws:kms:{}:{}:{}", call.region, call.account, alias)};
}

// What AWS does with a grant: EC2 opens the keys of volumes for instances, and others of the region's services
// launch those. Who made or attached a volume himself was asked for his right.
bool is_granted(const Call& call) {
  return call.principal.kind == aws::Principal::Kind::Service && call.via_service.starts_with("ec2.");
}

// The key that a ciphertext names; what is none is refused by the handler, whoever asks.
std::vector<aws::Access> opening(Call& call, const std::string& bytes, const std::string& action,
                                 const EncryptionContext& context) {
  const auto ciphertext = parse_ciphertext(bytes);
  if (!ciphertext) return {};
  const KeyRow named{.account = ciphertext->account, .region = ciphertext->region, .id = ciphertext->key};
  const auto key = find_key(call, key_arn(named), Naming::KeyOnly);
  if (!key) return {};
  return {access_to(call, *key, action, context)};
}

}  // namespace

Service::Service(const Dependencies& dependencies)
    : dependencies_(dependencies), seal_(own_key(dependencies.key)) {}

std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  const std::string name(operation.name);
  if (is_granted(call)) return {};
  if (name == "Decrypt") {
    const auto& request = *static_cast<const DecryptRequest*>(input);
    return opening(call, request.ciphertext_blob.value_or(""), name, request.encryption_context);
  }
  if (name == "ReEncrypt") {
    const auto& request = *static_cast<const ReEncryptRequest*>(input);
    auto needed = opening(call, request.ciphertext_blob.value_or(""), "ReEncryptFrom",
                          request.source_encryption_context);
    needed.push_back(access_to(call, require_key_for_use(*this, call, request.destination_key_id),
                               "ReEncryptTo", request.destination_encryption_context));
    return needed;
  }
  std::vector<aws::Access> needed;
  if (const auto alias = text_in(operation, input, "AliasName"))
    needed.push_back(access_to_alias(call, name, *alias));
  auto key = text_in(operation, input, "KeyId");
  if (!key) key = text_in(operation, input, "TargetKeyId");
  if (key) {
    const void* field = find_member(operation, input, "EncryptionContext");
    const auto* context = static_cast<const EncryptionContext*>(field);
    const bool is_read = operation.mode == aws::Mode::Read;
    const KeyRow row =
        is_read ? require_key(call, *key, Naming::KeyOrAlias) : require_key_for_use(*this, call, *key);
    needed.push_back(access_to(call, row, name, context ? *context : EncryptionContext()));
  }
  if (needed.empty()) needed.push_back({.action = "kms:" + name});
  return needed;
}

void Service::start() {
  dependencies_.jobs.handle(kDeletionJob, [this](const jobs::Job& job) {
    std::function<void(Call&)> remove = [&](Call& call) {
      const auto key = find_key(call, job.key, Naming::KeyOnly);
      if (!key || key->state != "PendingDeletion" || *key->deletion > call.now) return;
      call.transaction.run("DELETE FROM kms_key WHERE account = ?1 AND region = ?2 AND id = ?3",
                           {key->account, key->region, key->id});
      dependencies_.jobs.cancel(call.transaction, kRotationJob, job.key);
      log::info(fmt::format("KMS: {} is deleted, as was asked for.", job.key));
    };
    dependencies_.region.transact(dependencies_.region.caller("", "", "kms.amazonaws.com"),
                                  sql::Access::Write, remove);
    return jobs::done();
  });
  dependencies_.jobs.handle(kRotationJob, [this](const jobs::Job& job) {
    std::optional<Time> next;
    std::function<void(Call&)> rotate = [&](Call& call) {
      const auto key = find_key(call, job.key, Naming::KeyOnly);
      if (!key || key->rotation_days == 0) return;
      next = key->next_rotation;
      if (*next > call.now) return;
      if (key->state == "Enabled") add_material(*this, call.transaction, *key);
      next = call.now + std::chrono::days(key->rotation_days);
      call.transaction.run(
          "UPDATE kms_key SET next_rotation = ?4 WHERE account = ?1 AND region = ?2 AND id = ?3",
          {key->account, key->region, key->id, to_milliseconds(*next)});
    };
    dependencies_.region.transact(dependencies_.region.caller("", "", "kms.amazonaws.com"),
                                  sql::Access::Write, rotate);
    return next ? jobs::again_at(*next) : jobs::done();
  });
}

}  // namespace holm::kms
