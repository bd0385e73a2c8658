// How objects are encrypted: with S3's own keys, with keys that customers send, or with keys of KMS.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingEncryption.html
#pragma once

#include <optional>
#include <string>

#include "services/s3/buckets.h"

namespace holm::s3 {

class Service;

// A key that comes with each request and is kept nowhere.
struct CustomerKey {
  std::string key;  // 32 bytes.
  std::string md5;  // Base64.
};

// What is kept of how a version is encrypted. Its bytes are sealed in every case.
struct Encryption {
  std::string method;   // "AES256", "aws:kms", "SSE-C"; empty: nothing is told of it.
  std::string kms_key;  // As it was asked for, and the ARN once a body was sealed.
  std::string context;  // What KMS binds keys to: JSON.
  bool has_bucket_key = false;
  std::string customer_md5;

  bool is_customer() const { return method == "SSE-C"; }
  bool is_kms() const { return method == "aws:kms"; }
  bool hides_md5() const { return is_customer() || method.starts_with("aws:kms"); }
};
// As it is kept in a column.
std::string write_encryption(const Encryption& encryption);
Encryption read_encryption(const std::string& text);

struct AskedCustomerKey {
  std::optional<std::string> algorithm;
  std::optional<std::string> key;  // Base64.
  std::optional<std::string> md5;
};
// Throws InvalidArgument for half of one or a wrong one.
std::optional<CustomerKey> require_customer_key(const AskedCustomerKey& asked);

template <class Request>
std::optional<CustomerKey> customer_key_of(const Request& request) {
  return require_customer_key({.algorithm = request.sse_customer_algorithm,
                               .key = request.sse_customer_key,
                               .md5 = request.sse_customer_key_md5});
}

template <class Request>
std::optional<CustomerKey> source_key_of(const Request& request) {
  return require_customer_key({.algorithm = request.copy_source_sse_customer_algorithm,
                               .key = request.copy_source_sse_customer_key,
                               .md5 = request.copy_source_sse_customer_key_md5});
}

// What a request that makes an object says.
struct AskedEncryption {
  std::optional<std::string> method;
  std::optional<std::string> kms_key;
  std::optional<std::string> context;
  std::optional<bool> bucket_key;
  std::optional<CustomerKey> customer;
};

// Throws what can be said without knowing the bucket.
AskedEncryption require_encryption(AskedEncryption asked);

// Of a customer's key beside another method.
[[noreturn]] void throw_two_methods(const std::string& method);

template <class Request>
AskedEncryption asked_encryption(const Request& request) {
  if (request.server_side_encryption && request.sse_customer_algorithm)
    throw_two_methods(*request.server_side_encryption);
  return require_encryption({.method = request.server_side_encryption,
                             .kms_key = request.ssekms_key_id,
                             .context = request.ssekms_encryption_context,
                             .bucket_key = request.bucket_key_enabled,
                             .customer = customer_key_of(request)});
}

// What a new object of the bucket gets: what is asked for, else the bucket's default.
Encryption encryption_in(const Settings& settings, const BucketRow& bucket, const std::string& key,
                         const AskedEncryption& asked);

// What a new bucket has where nothing else is said.
void encrypt_by_default(Call& call, int64_t bucket);

// Throws InvalidRequest unless the key is the one that the object needs, or none when it needs none.
void require_customer_key_for(const Encryption& encryption, const std::optional<CustomerKey>& key);

// A body's key, sealed so that it can be kept, and the other way round. Asks KMS as the caller, where a key
// of KMS is meant, and takes down its ARN. The customer's key is the right one by now.
std::string seal_data_key(Service& service, Call& call, Encryption& encryption,
                          const std::optional<CustomerKey>& customer, const std::string& data_key);
std::string open_data_key(Service& service, Call& call, const Encryption& encryption,
                          const std::optional<CustomerKey>& customer, const std::string& sealed);

template <class Output>
void tell_encryption(const Encryption& encryption, Output& output) {
  if (encryption.method.empty()) return;
  if (encryption.is_customer()) {
    // Completing an upload needs no key and tells of none.
    if constexpr (requires { output.sse_customer_algorithm; }) {
      output.sse_customer_algorithm = "AES256";
      output.sse_customer_key_md5 = encryption.customer_md5;
    }
    return;
  }
  output.server_side_encryption = encryption.method;
  if (!encryption.kms_key.empty()) output.ssekms_key_id = encryption.kms_key;
  if (encryption.has_bucket_key) output.bucket_key_enabled = true;
}

}  // namespace holm::s3
