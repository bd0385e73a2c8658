// The head of a request as the client sends it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"
#include "http/head_parser.h"

namespace holm::http {

struct OutgoingHead {
  std::string text;
  Framing framing = Framing::None;
};

// Why `request` cannot be sent: a line end in a header would forge another, for instance.
std::optional<Error> find_mistake(const OutgoingRequest& request);

OutgoingHead make_head(const OutgoingRequest& request, const Target& target,
                       const RequestOptions& options);

// Whether the comma-separated lists in the headers called `name` contain `token`, ignoring case.
bool has_token(const Headers& headers, std::string_view name, std::string_view token);
// The same of one list.
bool lists_token(std::string_view list, std::string_view token);

}  // namespace holm::http
