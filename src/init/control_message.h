// What clients and the first process say to each other: lists of texts over a stream socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::init {

constexpr char kControlSocket[] = "/run/holm/init.sock";
constexpr size_t kRequestBytesMax = 64 << 10;
constexpr size_t kReplyBytesMax = 8 << 20;

using Fields = std::vector<std::string>;

// Four bytes of length (network order) before the whole and before each text.
std::string encode_fields(const Fields& fields);
// Nothing while it is not complete; an error when it never can be.
Result<std::optional<Fields>> decode_fields(std::string_view bytes, size_t bytes_max);

}  // namespace holm::init
