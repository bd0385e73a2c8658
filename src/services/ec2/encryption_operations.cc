// Whether new volumes and copies of snapshots are encrypted, and with which key, where requests say nothing.

#include "ec2/handlers.h"
#include "services/ec2/encryption.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

void set_default(Call& call, bool encrypts, const std::optional<std::string>& kms_key) {
  call.transaction.run(
      "INSERT INTO ec2_ebs_default (account, region, encrypts, kms_key) VALUES (?1, ?2, ?3, ?4)"
      " ON CONFLICT (account, region) DO UPDATE SET encrypts = excluded.encrypts, kms_key = excluded.kms_key",
      {call.account, call.region, int64_t{encrypts}, sql::optional_value(kms_key)});
}

std::optional<std::string> chosen_key(Call& call) {
  auto row = call.transaction.find("SELECT kms_key FROM ec2_ebs_default WHERE account = ?1 AND region = ?2",
                                   {call.account, call.region});
  return row ? row->optional_text(0) : std::nullopt;
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetEbsEncryptionByDefault.html
GetEbsEncryptionByDefaultResult get_ebs_encryption_by_default(
    Service&, Call& call, const GetEbsEncryptionByDefaultRequest& request) {
  end_dry_run(request.dry_run);
  GetEbsEncryptionByDefaultResult result{.ebs_encryption_by_default = encrypts_by_default(call)};
  result.sse_type = *result.ebs_encryption_by_default ? "sse-kms" : "none";
  return result;
}

EnableEbsEncryptionByDefaultResult enable_ebs_encryption_by_default(
    Service&, Call& call, const EnableEbsEncryptionByDefaultRequest& request) {
  require_encryption_capability();
  end_dry_run(request.dry_run);
  set_default(call, true, chosen_key(call));
  return {.ebs_encryption_by_default = true};
}

DisableEbsEncryptionByDefaultResult disable_ebs_encryption_by_default(
    Service&, Call& call, const DisableEbsEncryptionByDefaultRequest& request) {
  end_dry_run(request.dry_run);
  set_default(call, false, chosen_key(call));
  return {.ebs_encryption_by_default = false};
}

GetEbsDefaultKmsKeyIdResult get_ebs_default_kms_key_id(Service&, Call& call,
                                                       const GetEbsDefaultKmsKeyIdRequest& request) {
  end_dry_run(request.dry_run);
  return {.kms_key_id = default_key(call)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyEbsDefaultKmsKeyId.html
// Another key than a symmetric one of the account in this region is refused when it is used.
ModifyEbsDefaultKmsKeyIdResult modify_ebs_default_kms_key_id(Service&, Call& call,
                                                             const ModifyEbsDefaultKmsKeyIdRequest& request) {
  const std::string key = find_key_arn(call, request.kms_key_id);
  end_dry_run(request.dry_run);
  set_default(call, encrypts_by_default(call), key);
  return {.kms_key_id = key};
}

ResetEbsDefaultKmsKeyIdResult reset_ebs_default_kms_key_id(Service&, Call& call,
                                                           const ResetEbsDefaultKmsKeyIdRequest& request) {
  end_dry_run(request.dry_run);
  set_default(call, encrypts_by_default(call), std::nullopt);
  return {.kms_key_id = default_key(call)};
}

}  // namespace holm::ec2
