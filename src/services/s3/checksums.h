// The checksums that S3 keeps of objects.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "crypto/hash.h"
#include "crypto/xxhash.h"

namespace holm::s3 {

enum class Algorithm : uint8_t {
  Crc32,
  Crc32c,
  Crc64nvme,
  Sha1,
  Sha256,
  Sha512,
  Md5,
  Xxhash64,
  Xxhash3,
  Xxhash128
};

std::string_view name_of(Algorithm algorithm);  // "CRC64NVME"
std::string header_of(Algorithm algorithm);     // "x-amz-checksum-crc64nvme"
std::optional<Algorithm> find_algorithm(std::string_view name);  // In any case.
// The same; throws InvalidRequest.
Algorithm require_algorithm(const std::string& name);
// Of uploads that ask for an algorithm and no type.
std::string_view default_checksum_type(Algorithm algorithm);
// Whether that of a whole can be made of those of its parts.
bool is_crc(Algorithm algorithm);
std::string require_checksum_type(const std::string& name);  // "FULL_OBJECT", "COMPOSITE"; InvalidRequest.

// A checksum of bytes that come piece by piece. One thread at a time.
class Digest final {
 public:
  explicit Digest(Algorithm algorithm);
  void update(std::string_view bytes);
  std::string finish();  // Raw bytes.
  Algorithm algorithm() const { return algorithm_; }

 private:
  using Crc = uint64_t;  // Of 32 bits too.

  Algorithm algorithm_;
  std::variant<Crc, crypto::Sha1, crypto::Sha256, crypto::Hasher<64>, crypto::Md5, crypto::Xxhash64,
               crypto::Xxhash3>
      state_;
};

// The CRC (raw bytes) of two texts after each other, from the CRC of each. Not for others.
std::string combine(Algorithm algorithm, std::string_view first, std::string_view second,
                    uint64_t second_bytes);

// A checksum that a client has told, in base64.
struct ToldChecksum {
  Algorithm algorithm;
  std::string value;
};

[[noreturn]] void throw_two_checksums();

// The one checksum among the members of a request (or part of one) that tells any.
template <class Input>
std::optional<ToldChecksum> told_checksum(const Input& input) {
  std::optional<ToldChecksum> told;
  auto look = [&](Algorithm algorithm, const std::optional<std::string>& value) {
    if (!value) return;
    if (told) throw_two_checksums();
    told = {algorithm, *value};
  };
  look(Algorithm::Crc32, input.checksum_crc32);
  look(Algorithm::Crc32c, input.checksum_crc32_c);
  look(Algorithm::Crc64nvme, input.checksum_crc64_nvme);
  look(Algorithm::Sha1, input.checksum_sha1);
  look(Algorithm::Sha256, input.checksum_sha256);
  look(Algorithm::Sha512, input.checksum_sha512);
  look(Algorithm::Md5, input.checksum_md5);
  look(Algorithm::Xxhash64, input.checksum_xxhash64);
  look(Algorithm::Xxhash3, input.checksum_xxhash3);
  look(Algorithm::Xxhash128, input.checksum_xxhash128);
  return told;
}

// Puts a checksum into the member that is for its kind.
template <class Output>
void tell_checksum(Output& output, Algorithm algorithm, const std::string& value) {
  switch (algorithm) {
    case Algorithm::Crc32: output.checksum_crc32 = value; return;
    case Algorithm::Crc32c: output.checksum_crc32_c = value; return;
    case Algorithm::Crc64nvme: output.checksum_crc64_nvme = value; return;
    case Algorithm::Sha1: output.checksum_sha1 = value; return;
    case Algorithm::Sha256: output.checksum_sha256 = value; return;
    case Algorithm::Sha512: output.checksum_sha512 = value; return;
    case Algorithm::Md5: output.checksum_md5 = value; return;
    case Algorithm::Xxhash64: output.checksum_xxhash64 = value; return;
    case Algorithm::Xxhash3: output.checksum_xxhash3 = value; return;
    case Algorithm::Xxhash128: output.checksum_xxhash128 = value; return;
  }
}

}  // namespace holm::s3
