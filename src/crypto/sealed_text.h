// What Aead seals, made and opened where it lies.
#pragma once

#include <string_view>

#include "crypto/aead.h"

namespace holm::crypto {

constexpr size_t kNonceBytes = 12;  // Before a sealed text,
constexpr size_t kTagBytes = 16;    // and behind it.

// As Aead::seal(), to a place of 28 bytes more than `plain` has. `plain` is elsewhere, or kNonceBytes behind it.
void seal_to(const Aead::Key& key, std::string_view plain, std::string_view bound_to, Random& random,
             char* sealed);
// As Aead::open(), to a place of 28 bytes less than `sealed` has: elsewhere, or kNonceBytes behind its start.
// False: what is there now is not to be used.
bool open_to(const Aead::Key& key, std::string_view sealed, std::string_view bound_to, char* plain);

}  // namespace holm::crypto
