// What the headers of a head mean for the message: its host, where its body ends, the connection.
#pragma once

#include <optional>
#include <string_view>

#include "http/head_parser.h"

namespace holm::http {

// Fills framing, keep_alive and what follows them from the version and the headers.
void find_meaning(HeadKind kind, Head& head);

// Whether `name` is that of a header that says where the body ends, or passes for it with recipients
// that are not careful: "Content_Length", "Transfer Encoding".
bool resembles_framing(std::string_view name);

// The authority of an absolute target ("http://host:80/a" has "host:80"); none of other forms.
std::optional<std::string_view> find_authority(std::string_view target);

}  // namespace holm::http
