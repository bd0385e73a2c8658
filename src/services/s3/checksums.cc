// The checksums that S3 keeps of objects.

#include "services/s3/checksums.h"

#include <algorithm>
#include <type_traits>

#include "aws/service/error.h"
#include "base/check.h"
#include "base/strings.h"
#include "crypto/crc.h"
#include "s3/errors.h"

namespace holm::s3 {

namespace {

struct Name {
  Algorithm algorithm;
  std::string_view name;
};
constexpr Name kNames[] = {{Algorithm::Crc32, "CRC32"},
                           {Algorithm::Crc32c, "CRC32C"},
                           {Algorithm::Crc64nvme, "CRC64NVME"},
                           {Algorithm::Sha1, "SHA1"},
                           {Algorithm::Sha256, "SHA256"},
                           {Algorithm::Sha512, "SHA512"},
                           {Algorithm::Md5, "MD5"},
                           {Algorithm::Xxhash64, "XXHASH64"},
                           {Algorithm::Xxhash3, "XXHASH3"},
                           {Algorithm::Xxhash128, "XXHASH128"}};

uint64_t number_in(std::string_view bytes) {
  uint64_t number = 0;
  for (char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

}  // namespace

std::string_view name_of(Algorithm algorithm) {
  const auto found = std::ranges::find(kNames, algorithm, &Name::algorithm);
  CHECK(found != std::end(kNames));
  return found->name;
}

std::string header_of(Algorithm algorithm) { return "x-amz-checksum-" + to_lower(name_of(algorithm)); }

std::optional<Algorithm> find_algorithm(std::string_view name) {
  for (const Name& each : kNames) {
    if (equals_ignoring_case(each.name, name)) return each.algorithm;
  }
  return std::nullopt;
}

Algorithm require_algorithm(const std::string& name) {
  if (const auto found = find_algorithm(name)) return *found;
  throw InvalidRequest(
      "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, "
      "CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5, XXHASH64, XXHASH3, XXHASH128]");
}

bool is_crc(Algorithm algorithm) {
  return algorithm == Algorithm::Crc32 || algorithm == Algorithm::Crc32c || algorithm == Algorithm::Crc64nvme;
}

std::string_view default_checksum_type(Algorithm algorithm) {
  return algorithm == Algorithm::Crc64nvme ? "FULL_OBJECT" : "COMPOSITE";
}

std::string require_checksum_type(const std::string& name) {
  const std::string type = to_upper(name);
  if (type == "COMPOSITE" || type == "FULL_OBJECT") return type;
  throw InvalidRequest("Value for x-amz-checksum-type header is invalid.");
}

Digest::Digest(Algorithm algorithm) : algorithm_(algorithm) {
  switch (algorithm_) {
    case Algorithm::Crc32:
    case Algorithm::Crc32c:
    case Algorithm::Crc64nvme: return;
    case Algorithm::Sha1: state_.emplace<crypto::Sha1>(); return;
    case Algorithm::Sha256: state_.emplace<crypto::Sha256>(); return;
    case Algorithm::Sha512: state_.emplace<crypto::Hasher<64>>(); return;
    case Algorithm::Md5: state_.emplace<crypto::Md5>(); return;
    case Algorithm::Xxhash64: state_.emplace<crypto::Xxhash64>(); return;
    case Algorithm::Xxhash3:
    case Algorithm::Xxhash128: state_.emplace<crypto::Xxhash3>(); return;
  }
}

void Digest::update(std::string_view bytes) {
  auto* crc = std::get_if<Crc>(&state_);
  if (crc == nullptr) {
    std::visit(
        [&](auto& state) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(state)>, Crc>) state.update(bytes);
        },
        state_);
    return;
  }
  const auto before = static_cast<uint32_t>(*crc);
  if (algorithm_ == Algorithm::Crc64nvme) {
    *crc = crypto::crc64nvme(bytes, *crc);
  } else {
    *crc =
        algorithm_ == Algorithm::Crc32 ? crypto::crc32(bytes, before) : crypto::crc32c(bytes, before);
  }
}

std::string Digest::finish() {
  auto raw = [](const auto& digest) { return std::string(crypto::bytes_of(digest)); };
  auto crc = [this] { return std::get<Crc>(state_); };
  switch (algorithm_) {
    case Algorithm::Crc32:
    case Algorithm::Crc32c: return crypto::big_endian_bytes(static_cast<uint32_t>(crc()));
    case Algorithm::Crc64nvme: return crypto::big_endian_bytes(crc());
    case Algorithm::Sha1: return raw(std::get<crypto::Sha1>(state_).finish());
    case Algorithm::Sha256: return raw(std::get<crypto::Sha256>(state_).finish());
    case Algorithm::Sha512: return raw(std::get<crypto::Hasher<64>>(state_).finish());
    case Algorithm::Md5: return raw(std::get<crypto::Md5>(state_).finish());
    case Algorithm::Xxhash64: return crypto::big_endian_bytes(std::get<crypto::Xxhash64>(state_).finish());
    case Algorithm::Xxhash3: return crypto::big_endian_bytes(std::get<crypto::Xxhash3>(state_).finish());
    case Algorithm::Xxhash128: {
      const crypto::Hash128 hash = std::get<crypto::Xxhash3>(state_).finish_long();
      return crypto::big_endian_bytes(hash.high) + crypto::big_endian_bytes(hash.low);
    }
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
    case Algorithm::Sha256:
    case Algorithm::Sha512:
    case Algorithm::Md5:
    case Algorithm::Xxhash64:
    case Algorithm::Xxhash3:
    case Algorithm::Xxhash128: break;
  }
  CHECK(false);
  return {};
}

void throw_two_checksums() {
  throw InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
}

}  // namespace holm::s3
