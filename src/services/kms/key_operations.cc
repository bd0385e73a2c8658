// Making keys, describing them, switching them off, deleting and rotating them.

#include <fmt/format.h>

#include "aws/policy/policy.h"
#include "aws/service/error.h"
#include "base/strings.h"
#include "jobs/jobs.h"
#include "kms/handlers.h"
#include "services/kms/keys.h"
#include "services/kms/service.h"
#include "services/kms/tags.h"

namespace holm::kms {

namespace {

constexpr int32_t kDeletionDaysMin = 7;
constexpr int32_t kDeletionDaysMax = 30;
constexpr int32_t kRotationDays = 365;
constexpr int32_t kPageMax = 100;

KeyMetadata metadata_of(Call& call, const KeyRow& key) {
  return {.aws_account_id = key.account,
          .key_id = key.id,
          .arn = key_arn(key),
          .creation_date = key.created,
          .enabled = key.state == "Enabled",
          .description = key.description,
          .key_usage = "ENCRYPT_DECRYPT",
          .key_state = key.state,
          .deletion_date = key.deletion,
          .origin = "AWS_KMS",
          .key_manager = key.manager,
          .customer_master_key_spec = "SYMMETRIC_DEFAULT",
          .key_spec = "SYMMETRIC_DEFAULT",
          .encryption_algorithms = {"SYMMETRIC_DEFAULT"},
          .multi_region = false,
          .current_key_material_id = current_material_id(call, key)};
}

void refuse_unless(const std::optional<std::string>& given, std::string_view only, std::string_view what) {
  if (given && *given != only) throw aws::NotImplemented(fmt::format("CreateKey: {} {}", what, *given));
}

void require_policy(const std::string& document) {
  const auto parsed = aws::policy::parse(document);
  if (!parsed) throw MalformedPolicyDocumentException(parsed.error().message);
  const auto valid = aws::policy::validate(*parsed, aws::policy::PolicyKind::Resource);
  if (!valid) throw MalformedPolicyDocumentException(valid.error().message);
}

// What is the service's own cannot be changed by others.
KeyRow require_customers_key(Call& call, const std::string& name) {
  KeyRow key = require_key(call, name);
  if (key.manager == "CUSTOMER") return key;
  throw aws::AccessDenied(fmt::format("{} is managed by AWS.", key_arn(key)));
}

void set(Call& call, const KeyRow& key, std::string_view column, sql::Value value) {
  call.transaction.run(
      fmt::format("UPDATE kms_key SET {} = ?4 WHERE account = ?1 AND region = ?2 AND id = ?3", column),
      {key.account, key.region, key.id, std::move(value)});
}

void require_not_pending(const KeyRow& key) {
  if (key.state != "PendingDeletion") return;
  throw KMSInvalidStateException(fmt::format("{} is pending deletion.", key_arn(key)));
}

}  // namespace

// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
CreateKeyResponse create_key(Service& service, Call& call, const CreateKeyRequest& request) {
  refuse_unless(request.key_usage, "ENCRYPT_DECRYPT", "KeyUsage");
  refuse_unless(request.key_spec, "SYMMETRIC_DEFAULT", "KeySpec");
  refuse_unless(request.customer_master_key_spec, "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec");
  refuse_unless(request.origin, "AWS_KMS", "Origin");
  if (request.multi_region.value_or(false)) throw aws::NotImplemented("CreateKey: MultiRegion");
  if (request.policy) require_policy(*request.policy);
  const KeyRow key = insert_key(service, call,
                                {.account = call.account,
                                 .region = call.region,
                                 .manager = "CUSTOMER",
                                 .description = request.description.value_or(""),
                                 .policy = request.policy.value_or(default_policy(call.account))});
  put_tags(call, key, request.tags);
  return {.key_metadata = metadata_of(call, key)};
}

DescribeKeyResponse describe_key(Service&, Call& call, const DescribeKeyRequest& request) {
  return {.key_metadata = metadata_of(call, require_key(call, request.key_id, Naming::KeyOrAlias))};
}

ListKeysResponse list_keys(Service&, Call& call, const ListKeysRequest& request) {
  const auto count = static_cast<size_t>(request.limit.value_or(kPageMax));
  ListKeysResponse response{.truncated = false};
  for (const sql::Row& row : call.transaction.run(
           "SELECT id FROM kms_key WHERE account = ?1 AND region = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
           {call.account, call.region, request.marker.value_or(""), static_cast<int64_t>(count) + 1})) {
    if (response.keys.size() == count) {
      response.truncated = true;
      response.next_marker = response.keys.back().key_id;
      break;
    }
    const KeyRow key{.account = call.account, .region = call.region, .id = row.text(0)};
    response.keys.push_back({.key_id = key.id, .key_arn = key_arn(key)});
  }
  return response;
}

Nothing update_key_description(Service&, Call& call, const UpdateKeyDescriptionRequest& request) {
  const KeyRow key = require_customers_key(call, request.key_id);
  require_not_pending(key);
  set(call, key, "description", request.description);
  return {};
}

Nothing enable_key(Service&, Call& call, const EnableKeyRequest& request) {
  const KeyRow key = require_customers_key(call, request.key_id);
  require_not_pending(key);
  set(call, key, "state", std::string("Enabled"));
  return {};
}

Nothing disable_key(Service&, Call& call, const DisableKeyRequest& request) {
  const KeyRow key = require_customers_key(call, request.key_id);
  require_not_pending(key);
  set(call, key, "state", std::string("Disabled"));
  return {};
}

// https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
ScheduleKeyDeletionResponse schedule_key_deletion(Service& service, Call& call,
                                                  const ScheduleKeyDeletionRequest& request) {
  const KeyRow key = require_customers_key(call, request.key_id);
  require_not_pending(key);
  const int32_t days = request.pending_window_in_days.value_or(kDeletionDaysMax);
  if (days < kDeletionDaysMin || days > kDeletionDaysMax) {
    throw aws::ServiceError("ValidationException", 400, "PendingWindowInDays is between 7 and 30.");
  }
  const Time due = call.now + std::chrono::days(days);
  set(call, key, "state", std::string("PendingDeletion"));
  set(call, key, "deletion", to_milliseconds(due));
  service.jobs().schedule(call.transaction, {.kind = kDeletionJob, .key = key_arn(key), .payload = "{}"},
                          due);
  return {.key_id = key_arn(key),
          .deletion_date = due,
          .key_state = "PendingDeletion",
          .pending_window_in_days = days};
}

// The key is off until it is switched on again.
CancelKeyDeletionResponse cancel_key_deletion(Service& service, Call& call,
                                              const CancelKeyDeletionRequest& request) {
  const KeyRow key = require_customers_key(call, request.key_id);
  if (key.state != "PendingDeletion")
    throw KMSInvalidStateException(fmt::format("{} is not pending deletion.", key_arn(key)));
  set(call, key, "state", std::string("Disabled"));
  set(call, key, "deletion", int64_t{0});
  service.jobs().cancel(call.transaction, kDeletionJob, key_arn(key));
  return {.key_id = key_arn(key)};
}

// https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
Nothing enable_key_rotation(Service& service, Call& call, const EnableKeyRotationRequest& request) {
  const KeyRow key = require_customers_key(call, request.key_id);
  require_usable(key);
  const int32_t days = request.rotation_period_in_days.value_or(kRotationDays);
  const Time due = call.now + std::chrono::days(days);
  set(call, key, "rotation_days", int64_t{days});
  set(call, key, "next_rotation", to_milliseconds(due));
  service.jobs().cancel(call.transaction, kRotationJob, key_arn(key));
  service.jobs().schedule(call.transaction, {.kind = kRotationJob, .key = key_arn(key), .payload = "{}"},
                          due);
  return {};
}

Nothing disable_key_rotation(Service& service, Call& call, const DisableKeyRotationRequest& request) {
  const KeyRow key = require_customers_key(call, request.key_id);
  require_usable(key);
  set(call, key, "rotation_days", int64_t{0});
  set(call, key, "next_rotation", int64_t{0});
  service.jobs().cancel(call.transaction, kRotationJob, key_arn(key));
  return {};
}

GetKeyRotationStatusResponse get_key_rotation_status(Service&, Call& call,
                                                     const GetKeyRotationStatusRequest& request) {
  const KeyRow key = require_key(call, request.key_id);
  GetKeyRotationStatusResponse response{.key_rotation_enabled = key.rotation_days > 0,
                                        .key_id = key_arn(key)};
  if (key.rotation_days == 0) return response;
  response.rotation_period_in_days = key.rotation_days;
  response.next_rotation_date = key.next_rotation;
  return response;
}

GetKeyPolicyResponse get_key_policy(Service&, Call& call, const GetKeyPolicyRequest& request) {
  if (request.policy_name.value_or("default") != "default") throw NotFoundException("No such policy exists");
  return {.policy = require_key(call, request.key_id).policy, .policy_name = "default"};
}

Nothing put_key_policy(Service&, Call& call, const PutKeyPolicyRequest& request) {
  if (request.policy_name.value_or("default") != "default") throw NotFoundException("No such policy exists");
  const KeyRow key = require_customers_key(call, request.key_id);
  require_policy(request.policy);
  set(call, key, "policy", request.policy);
  return {};
}

// There is one, so a page is never cut.
ListKeyPoliciesResponse list_key_policies(Service&, Call& call, const ListKeyPoliciesRequest& request) {
  require_key(call, request.key_id);
  ListKeyPoliciesResponse response{.truncated = false};
  if (!request.marker && request.limit.value_or(1) > 0) response.policy_names = {"default"};
  return response;
}

}  // namespace holm::kms
