// What every kind of EC2 resource has: an id, tags, filters, pages, and AWS's errors about them.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "aws/service/error.h"
#include "ec2/types.h"

namespace holm {
class Random;
}

namespace holm::ec2 {

using aws::Call;

// "vpc-" and 17 hexadecimal digits.
std::string new_id(Random& random, std::string_view prefix);

// "InvalidVpcID.NotFound": The vpc ID 'vpc-…' does not exist.
[[noreturn]] void throw_not_found(std::string_view code, std::string_view noun, std::string_view id);
[[noreturn]] void throw_invalid(std::string_view message);     // InvalidParameterValue
[[noreturn]] void throw_dependency(std::string_view message);  // DependencyViolation
[[noreturn]] void throw_missing(std::string_view parameter);   // MissingParameter
// DryRunOperation, once all else about the request is right.
void end_dry_run(const std::optional<bool>& dry_run);

std::vector<Tag> tags_of(Call& call, std::string_view resource);
void write_tags(Call& call, std::string_view resource, std::string_view type, const std::vector<Tag>& tags);
// Those of `specifications` that are for `type`; another type than that is refused as EC2 does.
void write_tags(Call& call, std::string_view resource, std::string_view type,
                const std::vector<TagSpecification>& specifications);
void delete_tags_of(Call& call, std::string_view resource);

// The values a resource has for the filter called `name`; nothing when there is no such filter.
using FilterValues = std::function<std::optional<std::vector<std::string>>(std::string_view name)>;

// Whether a resource passes every filter. Tag filters are answered from `tags`; an unknown filter is refused.
bool passes(const std::vector<Filter>& filters, const std::vector<Tag>& tags, const FilterValues& values);

// Whether `id` is among the ids a Describe request names; all are when it names none.
bool is_asked_for(const std::vector<std::string>& ids, const std::string& id);

// Cuts `items` to the page asked for and returns the token of the next one.
template <class Item>
std::optional<std::string> take_page(std::vector<Item>& items, const std::optional<int32_t>& max_results,
                                     const std::optional<std::string>& next_token);

// The position a token stands for, and the token of a position.
size_t position_of(const std::optional<std::string>& next_token);
std::string token_of(size_t position);

template <class Item>
std::optional<std::string> take_page(std::vector<Item>& items, const std::optional<int32_t>& max_results,
                                     const std::optional<std::string>& next_token) {
  const size_t from = std::min(position_of(next_token), items.size());
  const size_t count = max_results ? static_cast<size_t>(std::max(*max_results, 1)) : items.size();
  const size_t to = std::min(items.size(), from + count);
  std::optional<std::string> next;
  if (to < items.size()) next = token_of(to);
  items = std::vector<Item>(items.begin() + static_cast<std::ptrdiff_t>(from),
                            items.begin() + static_cast<std::ptrdiff_t>(to));
  return next;
}

}  // namespace holm::ec2
