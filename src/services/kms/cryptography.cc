// Encrypting, decrypting and data keys.

#include <fmt/format.h>

#include "kms/handlers.h"
#include "services/kms/keys.h"
#include "services/kms/service.h"

namespace holm::kms {

namespace {

constexpr std::string_view kAlgorithm = "SYMMETRIC_DEFAULT";

void require_algorithm(const std::optional<std::string>& given) {
  if (!given || *given == kAlgorithm) return;
  throw InvalidKeyUsageException(fmt::format("The key cannot be used with {}.", *given));
}

// Everything has been checked by now.
void end_dry_run(const std::optional<bool>& is_dry) {
  if (is_dry.value_or(false))
    throw DryRunOperationException("The request would have succeeded, but the DryRun option is set.");
}

struct Opened {
  KeyRow key;
  std::string material;
  std::string plain;
};

Opened require_opened(const Service& service, Call& call, const std::string& bytes,
                      const std::optional<std::string>& expected_key, const EncryptionContext& context) {
  const auto ciphertext = parse_ciphertext(bytes);
  if (!ciphertext) throw InvalidCiphertextException("");
  const KeyRow named{.account = ciphertext->account, .region = ciphertext->region, .id = ciphertext->key};
  auto key = find_key(call, key_arn(named), Naming::KeyOnly);
  if (!key) throw InvalidCiphertextException("");
  if (expected_key && require_key(call, *expected_key, Naming::KeyOrAlias).id != key->id) {
    throw IncorrectKeyException(
        "The key ID in the request does not identify a CMK that can perform this operation.");
  }
  require_usable(*key);
  std::string plain = decrypt_with(service, call, *key, *ciphertext, context);
  return {std::move(*key), material_id(*ciphertext), std::move(plain)};
}

std::string new_data_key(const Service& service, const std::optional<std::string>& spec,
                         const std::optional<int32_t>& bytes) {
  if (spec.has_value() == bytes.has_value()) {
    throw aws::ServiceError("ValidationException", 400, "Please specify either number of bytes or key spec.");
  }
  const int32_t size = bytes ? *bytes : (*spec == "AES_128" ? 16 : 32);
  std::string key(static_cast<size_t>(size), '\0');
  service.random().fill(key.data(), key.size());
  return key;
}

}  // namespace

EncryptResponse encrypt(Service& service, Call& call, const EncryptRequest& request) {
  require_algorithm(request.encryption_algorithm);
  const KeyRow key = require_key_for_use(service, call, request.key_id);
  require_usable(key);
  end_dry_run(request.dry_run);
  return {.ciphertext_blob = encrypt_with(service, call, key, request.plaintext, request.encryption_context),
          .key_id = key_arn(key),
          .encryption_algorithm = std::string(kAlgorithm)};
}

DecryptResponse decrypt(Service& service, Call& call, const DecryptRequest& request) {
  require_algorithm(request.encryption_algorithm);
  Opened opened = require_opened(service, call, request.ciphertext_blob.value_or(""), request.key_id,
                                 request.encryption_context);
  end_dry_run(request.dry_run);
  return {.key_id = key_arn(opened.key),
          .plaintext = std::move(opened.plain),
          .encryption_algorithm = std::string(kAlgorithm),
          .key_material_id = std::move(opened.material)};
}

ReEncryptResponse re_encrypt(Service& service, Call& call, const ReEncryptRequest& request) {
  require_algorithm(request.source_encryption_algorithm);
  require_algorithm(request.destination_encryption_algorithm);
  const Opened opened = require_opened(service, call, request.ciphertext_blob.value_or(""),
                                       request.source_key_id, request.source_encryption_context);
  const KeyRow key = require_key_for_use(service, call, request.destination_key_id);
  require_usable(key);
  end_dry_run(request.dry_run);
  return {.ciphertext_blob =
              encrypt_with(service, call, key, opened.plain, request.destination_encryption_context),
          .source_key_id = key_arn(opened.key),
          .key_id = key_arn(key),
          .source_encryption_algorithm = std::string(kAlgorithm),
          .destination_encryption_algorithm = std::string(kAlgorithm),
          .source_key_material_id = opened.material,
          .destination_key_material_id = current_material_id(call, key)};
}

GenerateDataKeyResponse generate_data_key(Service& service, Call& call,
                                          const GenerateDataKeyRequest& request) {
  const KeyRow key = require_key_for_use(service, call, request.key_id);
  require_usable(key);
  std::string data_key = new_data_key(service, request.key_spec, request.number_of_bytes);
  end_dry_run(request.dry_run);
  return {.ciphertext_blob = encrypt_with(service, call, key, data_key, request.encryption_context),
          .plaintext = std::move(data_key),
          .key_id = key_arn(key),
          .key_material_id = current_material_id(call, key)};
}

GenerateDataKeyWithoutPlaintextResponse generate_data_key_without_plaintext(
    Service& service, Call& call, const GenerateDataKeyWithoutPlaintextRequest& request) {
  const KeyRow key = require_key_for_use(service, call, request.key_id);
  require_usable(key);
  const std::string data_key = new_data_key(service, request.key_spec, request.number_of_bytes);
  end_dry_run(request.dry_run);
  return {.ciphertext_blob = encrypt_with(service, call, key, data_key, request.encryption_context),
          .key_id = key_arn(key),
          .key_material_id = current_material_id(call, key)};
}

GenerateRandomResponse generate_random(Service& service, Call&, const GenerateRandomRequest& request) {
  if (!request.number_of_bytes) {
    throw aws::ServiceError("ValidationException", 400, "NumberOfBytes is required.");
  }
  std::string bytes(static_cast<size_t>(*request.number_of_bytes), '\0');
  service.random().fill(bytes.data(), bytes.size());
  return {.plaintext = std::move(bytes)};
}

}  // namespace holm::kms
