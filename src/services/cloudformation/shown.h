// How stacks are shown: what several answers share.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/strings.h"
#include "cloudformation/types.h"
#include "services/cloudformation/stacks.h"

namespace holm::cloudformation {

constexpr size_t kPage = 100;

// The parameters of a deployment, secrets masked.
std::vector<Parameter> shown_parameters(const stacks::Deployment& deployment);
std::vector<Tag> shown_tags(const stacks::Deployment& deployment);

inline std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

// Leaves the page of `items` that `token` stands for; gives the token of the next.
template <class Item>
std::optional<std::string> take_page(std::vector<Item>& items, const std::optional<std::string>& token) {
  const auto position =
      token ? parse_integer(base64_decode(*token).value_or("")) : std::optional<long long>(0);
  if (!position || *position < 0) throw_validation("The token is not valid.");
  const size_t from = std::min(static_cast<size_t>(*position), items.size());
  const size_t to = std::min(items.size(), from + kPage);
  std::optional<std::string> next;
  if (to < items.size()) next = base64_encode(std::to_string(to));
  items = std::vector<Item>(items.begin() + static_cast<std::ptrdiff_t>(from),
                            items.begin() + static_cast<std::ptrdiff_t>(to));
  return next;
}

}  // namespace holm::cloudformation
