// Data keys of disks: made, passed on and opened by KMS.

#include "services/ec2/encryption.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "aws/service/attempt.h"
#include "aws/service/region.h"
#include "base/strings.h"
#include "kms/operations.h"
#include "sandbox/disks.h"
#include "sandbox/probe.h"
#include "services/ec2/service.h"
#include "services/ec2/volumes.h"

namespace holm::ec2 {

namespace {

constexpr char kOwnKey[] = "alias/aws/ebs";

// https://docs.aws.amazon.com/kms/latest/developerguide/services-ebs.html#ebs-encryption-context
std::map<std::string, std::string> context_of(const std::string& id) { return {{"aws:ebs:id", id}}; }

aws::Caller through_ec2(aws::Caller caller) {
  caller.via_service = fmt::format("ec2.{}.amazonaws.com", caller.region);
  return caller;
}

Call through_ec2(const Call& call) {
  Call through = call;
  static_cast<aws::Caller&>(through) = through_ec2(static_cast<const aws::Caller&>(call));
  return through;
}

// KMS's refusal in EC2's words.
void ask_kms(const std::function<void()>& work) {
  const auto refused = aws::attempt(work);
  if (!refused) return;
  const std::string code = refused->substr(0, refused->find(':'));
  const std::string sentence = refused->substr(std::min(refused->size(), code.size() + 2));
  if (code == "AccessDeniedException") throw aws::ServiceError("UnauthorizedOperation", 403, sentence);
  if (code == "DisabledException" || code == "KMSInvalidStateException") {
    throw aws::ServiceError("InvalidKMSKey.InvalidState", 400, sentence);
  }
  throw_invalid("KmsKeyId: " + sentence);
}

}  // namespace

void require_encryption_capability() {
  static const sandbox::Capability capability = sandbox::probe().encrypted_disks;
  if (!capability.available) throw aws::NotImplemented("Encryption of volumes. " + capability.reason);
}

bool encrypts_by_default(Call& call) {
  auto row = call.transaction.find("SELECT encrypts FROM ec2_ebs_default WHERE account = ?1 AND region = ?2",
                                   {call.account, call.region});
  return row && row->integer(0) != 0;
}

std::string default_key(Call& call) {
  auto row = call.transaction.find("SELECT kms_key FROM ec2_ebs_default WHERE account = ?1 AND region = ?2",
                                   {call.account, call.region});
  return row ? row->optional_text(0).value_or(kOwnKey) : kOwnKey;
}

std::string find_key_arn(Call& call, const std::string& key) {
  std::string arn;
  ask_kms([&] {
    Call through = through_ec2(call);
    arn = call.client.call<kms::DescribeKey>(through, call.principal, {.key_id = key})
              .key_metadata.value()
              .arn.value_or("");
  });
  return arn;
}

// https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
std::optional<std::string> key_for(Call& call, const AskedEncryption& asked, const Encryption& source) {
  const bool is_said = asked.encrypted.has_value();
  if (asked.kms_key && !asked.encrypted.value_or(false) && !source.is_on() && !encrypts_by_default(call)) {
    throw aws::ServiceError("InvalidParameterDependency", 400,
                            "The parameter KmsKeyId requires the parameter Encrypted to be set.");
  }
  if (source.is_on()) {
    if (is_said && !*asked.encrypted) {
      throw_invalid("What is made of an encrypted snapshot is encrypted: Encrypted cannot be false.");
    }
    return asked.kms_key;
  }
  if (!asked.encrypted.value_or(false) && !encrypts_by_default(call)) return std::nullopt;
  require_encryption_capability();
  return asked.kms_key.value_or(default_key(call));
}

Encryption encryption_of(Call& call, const std::string& id, const std::optional<std::string>& key,
                         const Encryption& source) {
  if (!key && !source.is_on()) return {};
  require_encryption_capability();
  Encryption made;
  ask_kms([&] {
    Call through = through_ec2(call);
    if (!key) {
      // The same disk key as before, for those who may use it.
      call.client.call<kms::Decrypt>(through, call.principal,
                                     {.ciphertext_blob = base64_decode(source.data_key).value_or(""),
                                      .encryption_context = context_of(source.bound_to)});
      made = source;
      return;
    }
    std::optional<std::string> blob;
    if (source.is_on()) {
      auto changed = call.client.call<kms::ReEncrypt>(
          through, call.principal,
          {.ciphertext_blob = base64_decode(source.data_key).value_or(""),
           .source_encryption_context = context_of(source.bound_to),
           .destination_key_id = *key,
           .destination_encryption_context = context_of(id)});
      made.kms_key = changed.key_id.value_or("");
      blob = changed.ciphertext_blob;
    } else {
      auto fresh = call.client.call<kms::GenerateDataKeyWithoutPlaintext>(
          through, call.principal,
          {.key_id = *key,
           .encryption_context = context_of(id),
           .number_of_bytes = static_cast<int32_t>(sandbox::kDiskKeyBytes)});
      made.kms_key = fresh.key_id.value_or("");
      blob = fresh.ciphertext_blob;
    }
    made.data_key = base64_encode(blob.value_or(""));
    made.bound_to = id;
  });
  return made;
}

void write_encryption(Call& call, std::string_view table, const std::string& id,
                      const Encryption& encryption) {
  if (!encryption.is_on()) return;
  call.transaction.run(
      fmt::format("UPDATE {} SET kms_key = ?2, data_key = ?3, key_bound_to = ?4 WHERE id = ?1", table),
      {id, encryption.kms_key, encryption.data_key, encryption.bound_to});
}

void require_openable(Call& call, const std::vector<VolumeRow>& volumes) {
  for (const VolumeRow& volume : volumes) {
    if (volume.encryption.is_on()) encryption_of(call, volume.id, std::nullopt, volume.encryption);
  }
}

void decide_encryption(Call& call, std::vector<VolumeWish>& wishes) {
  for (VolumeWish& wish : wishes) {
    const Encryption source = wish.snapshot ? wish.snapshot->encryption : Encryption();
    wish.key = key_for(call, wish.asked, source);
    if (!wish.key || source.is_on()) continue;
    if (wish.snapshot && !wish.snapshot->is_disk) {
      throw aws::NotImplemented("An encrypted volume of the snapshot of a root volume whose size nobody gave");
    }
    // Only a disk can be encrypted, not a folder of the machine.
    if (!wish.gib) wish.gib = kRootGibDefault;
  }
}

void refuse_new_encryption(const std::vector<VolumeWish>& wishes, std::string_view operation) {
  for (const VolumeWish& wish : wishes) {
    const bool is_sealed = wish.snapshot && wish.snapshot->encryption.is_on();
    if (wish.asked.kms_key || (wish.asked.encrypted.value_or(false) && !is_sealed)) {
      throw aws::NotImplemented(fmt::format("{}: encryption of {} that its snapshot does not have", operation,
                                            wish.device));
    }
  }
}

Result<std::string> open_data_key(Dependencies& use, const std::string& account, const std::string& region,
                                  const Encryption& encryption) {
  std::string key;
  if (!encryption.is_on()) return key;
  const aws::Caller caller = through_ec2(use.region.caller(account, region, "ec2.amazonaws.com"));
  const auto refused = aws::attempt([&] {
    use.region.transact(caller, sql::Access::Write, [&](Call& call) {
      auto opened = call.client.call<kms::Decrypt>(
          call, call.principal,
          {.ciphertext_blob = base64_decode(encryption.data_key).value_or(""),
           .encryption_context = context_of(encryption.bound_to)});
      key = opened.plaintext.value_or("");
    });
  });
  if (refused) return failure(*refused);
  return key;
}

Result<void> open_data_keys(Dependencies& use, std::vector<VolumeRow>& volumes) {
  for (VolumeRow& volume : volumes) {
    auto key = open_data_key(use, volume.account, volume.region, volume.encryption);
    if (!key) return failure(fmt::format("{}: {}", volume.id, key.error().message));
    volume.key = std::move(*key);
  }
  return {};
}

}  // namespace holm::ec2
