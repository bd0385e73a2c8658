// Continuation tokens of lists: a position that the client hands back to get the next page.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holm {

std::string make_page_token(std::string_view position);
// Nothing for a text that make_page_token() has not made; no secret is needed to make one.
std::optional<std::string> read_page_token(std::string_view token);

}  // namespace holm
