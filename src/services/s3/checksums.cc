// The checksums that S3 keeps of objects.

#include "services/s3/checksums.h"

#include <algorithm>

#include "aws/service/error.h"
#include "base/check.h"
#include "base/strings.h"
#include "crypto/crc.h"
#include "s3/errors.h"

namespace holm::s3 {

namespace {

constexpr Algorithm kAlgorithms[] = {Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64nvme,
                                     Algorithm::Sha1, Algorithm::Sha256};

uint64_t number_in(std::string_view bytes) {
  uint64_t number = 0;
  for (char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::Crc32: return "CRC32";
    case Algorithm::Crc32c: return "CRC32C";
    case Algorithm::Crc64nvme: return "CRC64NVME";
    case Algorithm::Sha1: return "SHA1";
    case Algorithm::Sha256: return "SHA256";
  }
  return {};
}

std::string header_of(Algorithm algorithm) { return "x-amz-checksum-" + to_lower(name_of(algorithm)); }

Algorithm require_algorithm(const std::string& name) {
  for (Algorithm algorithm : kAlgorithms) {
    if (equals_ignoring_case(name_of(algorithm), name)) return algorithm;
  }
  constexpr std::string_view kUnbuilt[] = {"MD5", "SHA512", "XXHASH64", "XXHASH3", "XXHASH128"};
  if (std::ranges::find(kUnbuilt, to_upper(name)) != std::end(kUnbuilt))
    throw aws::NotImplemented("The checksum algorithm " + name);
  throw InvalidRequest(
      "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, "
      "CRC32C, CRC64NVME, SHA1, SHA256]");
}

std::string require_checksum_type(const std::string& name) {
  const std::string type = to_upper(name);
  if (type == "COMPOSITE" || type == "FULL_OBJECT") return type;
  throw InvalidRequest("Value for x-amz-checksum-type header is invalid.");
}

void Digest::update(std::string_view bytes) {
  switch (algorithm_) {
    case Algorithm::Crc32: crc32_ = crypto::crc32(bytes, crc32_); return;
    case Algorithm::Crc32c: crc32_ = crypto::crc32c(bytes, crc32_); return;
    case Algorithm::Crc64nvme: crc64_ = crypto::crc64nvme(bytes, crc64_); return;
    case Algorithm::Sha1: sha1_.update(bytes); return;
    case Algorithm::Sha256: sha256_.update(bytes); return;
  }
}

std::string Digest::finish() {
  switch (algorithm_) {
    case Algorithm::Crc32:
    case Algorithm::Crc32c: return crypto::big_endian_bytes(crc32_);
    case Algorithm::Crc64nvme: return crypto::big_endian_bytes(crc64_);
    case Algorithm::Sha1: return std::string(crypto::bytes_of(sha1_.finish()));
    case Algorithm::Sha256: return std::string(crypto::bytes_of(sha256_.finish()));
  }
  return {};
}

std::string combine(Algorithm algorithm, std::string_view first, std::string_view second,
                    uint64_t second_bytes) {
  const uint64_t a = number_in(first), b = number_in(second);
  switch (algorithm) {
    case Algorithm::Crc32:
      return crypto::big_endian_bytes(
          crypto::crc32_combine(static_cast<uint32_t>(a), static_cast<uint32_t>(b), second_bytes));
    case Algorithm::Crc32c:
      return crypto::big_endian_bytes(
          crypto::crc32c_combine(static_cast<uint32_t>(a), static_cast<uint32_t>(b), second_bytes));
    case Algorithm::Crc64nvme: return crypto::big_endian_bytes(crypto::crc64nvme_combine(a, b, second_bytes));
    case Algorithm::Sha1:
    case Algorithm::Sha256: break;
  }
  CHECK(false);
  return {};
}

void throw_two_checksums() {
  throw InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
}

}  // namespace holm::s3
