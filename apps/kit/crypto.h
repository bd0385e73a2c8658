// Hashes, random bytes and their text forms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kit {

// Raw 32 bytes.
std::string sha256(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view message);

// Lower-case hexadecimal.
std::string hex(std::string_view bytes);

// Cryptographically random bytes.
std::string random_bytes(std::size_t count);

// Takes the same time wherever the first difference is.
bool equal_in_constant_time(std::string_view left, std::string_view right);

// A UUID of version 7: later ones compare greater as text, to the millisecond.
std::string uuid_v7(std::int64_t unix_milliseconds);

// Argon2id, 64 MiB. The text holds salt and cost.
std::string hash_password(std::string_view password);
bool verify_password(const std::string& hash, std::string_view password);

}  // namespace kit
