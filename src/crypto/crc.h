// Cyclic redundancy checks as S3 uses them, computed piece by piece.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holm::crypto {

// Each continues `crc`, the result for the bytes before; 0 to begin.
uint32_t crc32(std::string_view bytes, uint32_t crc = 0);
uint32_t crc32c(std::string_view bytes, uint32_t crc = 0);
uint64_t crc64nvme(std::string_view bytes, uint64_t crc = 0);

// The result for a text and the `second_bytes` long text after it, from the results of each: parts
// of an upload are put together without reading them again.
uint32_t crc32_combine(uint32_t first, uint32_t second, uint64_t second_bytes);
uint32_t crc32c_combine(uint32_t first, uint32_t second, uint64_t second_bytes);
uint64_t crc64nvme_combine(uint64_t first, uint64_t second, uint64_t second_bytes);

// The bytes, most significant first, that checksum headers hold in base64.
std::string big_endian_bytes(uint32_t crc);
std::string big_endian_bytes(uint64_t crc);

}  // namespace holm::crypto
