// How objects are encrypted.

#include "services/s3/encryption.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/codec/json_codec.h"
#include "aws/service/attempt.h"
#include "aws/service/error.h"
#include "aws/service/malformed_xml.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/strings.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "formats/json.h"
#include "kms/operations.h"
#include "s3/handlers.h"
#include "s3/schema.h"
#include "services/s3/invalid_argument.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr std::string_view kKind = "encryption";
constexpr std::string_view kAes256 = "AES256";
constexpr std::string_view kKms = "aws:kms";
constexpr std::string_view kBound =
    "s3 data key";  // Nothing else that is sealed with these keys opens as one.
constexpr size_t kCustomerKeyBytes = 32;
constexpr std::string_view kOwnKmsKey = "alias/aws/s3";

// What is wrong with a customer's key is told of one header, whichever of them it is about.
constexpr char kMethodHeader[] = "x-amz-server-side-encryption";

[[noreturn]] void throw_invalid_key(const std::string& message) {
  throw_invalid_argument(message, {kMethodHeader});
}

crypto::Aead aead_of(std::string_view key) {
  crypto::Aead::Key bytes{};
  CHECK(key.size() == bytes.size());
  std::ranges::copy(key, bytes.begin());
  return crypto::Aead(bytes);
}

// Null: there is none.
const ServerSideEncryptionConfiguration* find_default(const Settings& settings) {
  return settings.read<ServerSideEncryptionConfiguration>(kKind, schema::kServerSideEncryptionConfiguration);
}

void keep_default(Call& call, int64_t bucket, const ServerSideEncryptionConfiguration& configuration) {
  set_configuration(call, bucket, kKind,
                    aws::write_json(schema::kServerSideEncryptionConfiguration, &configuration));
}

using KmsContext = std::map<std::string, std::string>;

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context
std::string context_for(const std::string& arn, const std::optional<std::string>& asked) {
  formats::Object context;
  if (asked) {
    const auto text = base64_decode(*asked);
    const auto parsed = text ? formats::parse_json(*text) : formats::parse_json("");
    const formats::Object* given = parsed ? parsed->as_object() : nullptr;
    const bool is_map = given != nullptr && std::ranges::all_of(*given, [](const auto& member) {
                          return member.second.as_string() != nullptr;
                        });
    if (!is_map) {
      throw_invalid_argument(
          "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding "
          "JSON "
          "which represents a string-string map");
    }
    context = *given;
  }
  if (context.find("aws:s3:arn") == nullptr) context.append("aws:s3:arn", arn);
  return formats::write_json(formats::Value(std::move(context)));
}

KmsContext context_of(const Encryption& encryption) {
  const auto parsed = formats::parse_json(encryption.context);
  CHECK(parsed.has_value() && parsed->as_object() != nullptr);
  KmsContext context;
  for (const auto& [name, value] : *parsed->as_object()) context[name] = *value.as_string();
  return context;
}

// None, where a key is told by its id or by an alias alone.
std::optional<std::string_view> region_in(std::string_view key) {
  const auto parts = split(key, ':');
  return parts.size() >= 6 ? std::optional(parts[3]) : std::nullopt;
}

// The caller, coming through S3, which is where the key is.
Call through_s3(const Call& call, const std::string& key) {
  Call through = call;
  if (const auto region = region_in(key)) through.region = *region;
  through.via_service = fmt::format("s3.{}.amazonaws.com", through.region);
  return through;
}

// KMS's ciphertext of a key, and the body's key sealed with that one.
std::string join_sealed(const std::string& ciphertext, const std::string& sealed) {
  CHECK(ciphertext.size() < 0x10000);
  std::string bytes = {static_cast<char>(ciphertext.size() >> 8),
                       static_cast<char>(ciphertext.size() & 0xff)};
  return bytes + ciphertext + sealed;
}

struct SealedByKms {
  std::string ciphertext;
  std::string sealed;
};

SealedByKms split_sealed(const std::string& bytes) {
  CHECK(bytes.size() >= 2);
  const size_t length =
      static_cast<size_t>(static_cast<uint8_t>(bytes[0])) << 8 | static_cast<uint8_t>(bytes[1]);
  CHECK(bytes.size() >= 2 + length);
  return {bytes.substr(2, length), bytes.substr(2 + length)};
}

void require_method(const std::string& method) {
  if (method == kAes256 || method == kKms) return;
  if (method == "aws:kms:dsse") throw aws::NotImplemented("Encryption with aws:kms:dsse");
  throw_invalid_argument("The encryption method specified is not supported");
}

}  // namespace

std::string write_encryption(const Encryption& encryption) {
  if (encryption.method.empty()) return {};
  return join({encryption.method, encryption.kms_key, encryption.context,
               encryption.has_bucket_key ? "1" : "", encryption.customer_md5},
              "\n");
}

Encryption read_encryption(const std::string& text) {
  if (text.empty()) return {};
  const auto parts = split(text, '\n');
  CHECK(parts.size() == 5);
  return {.method = std::string(parts[0]),
          .kms_key = std::string(parts[1]),
          .context = std::string(parts[2]),
          .has_bucket_key = parts[3] == "1",
          .customer_md5 = std::string(parts[4])};
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
std::optional<CustomerKey> require_customer_key(const AskedCustomerKey& asked) {
  if (!asked.algorithm && !asked.key && !asked.md5) return std::nullopt;
  constexpr std::string_view kRequests =
      "Requests specifying Server Side Encryption with Customer provided keys must provide ";
  if (!asked.algorithm) throw_invalid_key(std::string(kRequests) + "a valid encryption algorithm.");
  if (*asked.algorithm != kAes256) {
    aws::ServiceError error("InvalidEncryptionAlgorithmError", 400,
                            "The Encryption request you specified is not valid. Supported value: AES256.");
    error.with("ArgumentName", kMethodHeader).with("ArgumentValue", *asked.algorithm);
    throw error;
  }
  if (!asked.key) throw_invalid_key(std::string(kRequests) + "an appropriate secret key.");
  const auto key = base64_decode(*asked.key);
  if (!asked.md5 || !key || key->size() != kCustomerKeyBytes) {
    throw_invalid_key("The secret key was invalid for the specified algorithm.");
  }
  if (base64_encode(crypto::bytes_of(crypto::md5(*key))) != *asked.md5) {
    throw_invalid_key("The calculated MD5 hash of the key did not match the hash that was provided.");
  }
  return CustomerKey{.key = *key, .md5 = *asked.md5};
}

void throw_two_methods(const std::string& method) {
  throw_invalid_argument(
      "Server Side Encryption with Customer provided key is incompatible with the encryption method "
      "specified",
      {kMethodHeader, method});
}

AskedEncryption require_encryption(AskedEncryption asked) {
  if (asked.method) require_method(*asked.method);
  if (asked.customer && asked.method) throw_two_methods(*asked.method);
  if ((asked.kms_key || asked.context) && asked.method != kKms) {
    throw_invalid_argument(
        "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : "
        "aws:kms");
  }
  return asked;
}

namespace {

// What the bucket says where the request says nothing.
void add_default(const Settings& settings, const AskedEncryption& asked, Encryption& encryption) {
  const auto* configured = find_default(settings);
  if (configured == nullptr || configured->rules.empty()) return;
  const ServerSideEncryptionRule& rule = configured->rules.front();
  if (!rule.apply_server_side_encryption_by_default) return;
  const ServerSideEncryptionByDefault& by_default = *rule.apply_server_side_encryption_by_default;
  if (encryption.method.empty()) encryption.method = by_default.sse_algorithm;
  // A bucket's key is meant wherever a request asks for KMS and names none.
  if (encryption.method == kKms && encryption.kms_key.empty())
    encryption.kms_key = by_default.kms_master_key_id.value_or("");
  if (encryption.method == kKms && !asked.bucket_key)
    encryption.has_bucket_key = rule.bucket_key_enabled.value_or(false);
}

// Keys are of the bucket's region, as KMS there would say.
void require_key_of_region(const std::string& key, const std::string& region) {
  const auto named = region_in(key);
  if (!named || *named == region) return;
  throw aws::ServiceError("KMS.NotFoundException", 400, fmt::format("Invalid arn {}", *named));
}

}  // namespace

Encryption encryption_in(const Settings& settings, const BucketRow& bucket, const std::string& key,
                         const AskedEncryption& asked) {
  if (asked.customer) return {.method = "SSE-C", .customer_md5 = asked.customer->md5};
  Encryption encryption{.method = asked.method.value_or(""),
                        .kms_key = asked.kms_key.value_or(""),
                        .has_bucket_key = asked.bucket_key.value_or(false)};
  add_default(settings, asked, encryption);
  if (encryption.method != kKms) return encryption;
  if (encryption.kms_key.empty()) encryption.kms_key = kOwnKmsKey;
  require_key_of_region(encryption.kms_key, bucket.region);
  const std::string arn = bucket_arn(bucket.name) + (encryption.has_bucket_key ? "" : "/" + key);
  encryption.context = context_for(arn, asked.context);
  return encryption;
}

void encrypt_by_default(Call& call, int64_t bucket) {
  keep_default(call, bucket,
               {.rules = {{.apply_server_side_encryption_by_default =
                               ServerSideEncryptionByDefault{.sse_algorithm = std::string(kAes256)},
                           .bucket_key_enabled = false}}});
}

void require_customer_key_for(const Encryption& encryption, const std::optional<CustomerKey>& key) {
  if (!encryption.is_customer()) {
    if (!key) return;
    throw InvalidRequest("The encryption parameters are not applicable to this object.");
  }
  if (!key) {
    throw InvalidRequest(
        "The object was stored using a form of Server Side Encryption. The correct parameters must be "
        "provided to "
        "retrieve the object.");
  }
  if (!crypto::constant_time_equals(key->md5, encryption.customer_md5)) {
    throw InvalidRequest("The provided encryption parameters did not match the ones used originally.");
  }
}

namespace {

// What KMS refuses is told as S3 tells it.
void use_kms(const std::function<void()>& work) {
  const auto problem = aws::attempt(work);
  if (!problem) return;
  const size_t colon = problem->find(": ");
  const std::string code = problem->substr(0, colon), message = problem->substr(colon + 2);
  if (code.starts_with("AccessDenied")) throw aws::AccessDenied(message);
  throw aws::ServiceError("KMS." + code, 400, message);
}

}  // namespace

std::string seal_data_key(Service& service, Call& call, Encryption& encryption,
                          const std::optional<CustomerKey>& customer, const std::string& data_key) {
  if (encryption.method == kKms) {
    Call through = through_s3(call, encryption.kms_key);
    kms::GenerateDataKeyResponse made;
    use_kms([&] {
      made = call.client.call<kms::GenerateDataKey>(through, call.principal,
                                                    {.key_id = encryption.kms_key,
                                                     .encryption_context = context_of(encryption),
                                                     .key_spec = "AES_256"});
    });
    encryption.kms_key = made.key_id.value_or("");
    return join_sealed(made.ciphertext_blob.value_or(""),
                       aead_of(made.plaintext.value_or("")).seal(data_key, kBound, service.random()));
  }
  const std::string& key = encryption.is_customer() ? customer.value().key : service.key();
  return aead_of(key).seal(data_key, kBound, service.random());
}

std::string open_data_key(Service& service, Call& call, const Encryption& encryption,
                          const std::optional<CustomerKey>& customer, const std::string& sealed) {
  std::string_view key = encryption.is_customer() ? customer.value().key : service.key();
  std::string_view own = sealed;
  kms::DecryptResponse plain;
  SealedByKms parts;
  if (encryption.method == kKms) {
    parts = split_sealed(sealed);
    Call through = through_s3(call, encryption.kms_key);
    use_kms([&] {
      plain = call.client.call<kms::Decrypt>(
          through, call.principal,
          {.ciphertext_blob = std::move(parts.ciphertext), .encryption_context = context_of(encryption)});
    });
    key = plain.plaintext ? std::string_view(*plain.plaintext) : std::string_view();
    own = parts.sealed;
  }
  auto opened = aead_of(key).open(own, kBound);
  if (opened) return std::move(*opened);
  throw aws::ServiceError("InternalError", 500, "The object cannot be decrypted: its key does not open.");
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html
GetBucketEncryptionOutput get_bucket_encryption(Service&, Call& call,
                                                const GetBucketEncryptionRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const Settings settings(call.transaction, bucket.id);
  if (const auto* configuration = find_default(settings))
    return {.server_side_encryption_configuration = *configuration};
  aws::ServiceError error("ServerSideEncryptionConfigurationNotFoundError", 404,
                          "The server side encryption configuration was not found");
  error.with("BucketName", bucket.name);
  throw error;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html
Nothing put_bucket_encryption(Service&, Call& call, const PutBucketEncryptionRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  const auto& rules = request.server_side_encryption_configuration.rules;
  if (rules.size() != 1 || !rules.front().apply_server_side_encryption_by_default) {
    throw aws::MalformedXml();
  }
  const ServerSideEncryptionByDefault& wanted = *rules.front().apply_server_side_encryption_by_default;
  require_method(wanted.sse_algorithm);
  if (wanted.sse_algorithm == kAes256 && wanted.kms_master_key_id) {
    throw_invalid_argument(
        "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
        {"ApplyServerSideEncryptionByDefault"});
  }
  keep_default(call, bucket.id, request.server_side_encryption_configuration);
  return {};
}

// Back to what a new bucket has.
Nothing delete_bucket_encryption(Service& service, Call& call, const DeleteBucketEncryptionRequest& request) {
  const BucketRow bucket = require_bucket(call, request.bucket);
  if (service.new_buckets() == NewBuckets::Current) {
    encrypt_by_default(call, bucket.id);
  } else {
    clear_configuration(call, bucket.id, kKind);
  }
  return {};
}

}  // namespace holm::s3
