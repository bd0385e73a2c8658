// Filters, answered from what is described anyway.

#include "services/ec2/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "aws/schema/shape.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace holm::ec2 {

namespace {

constexpr size_t kFilterValuesMax = 200;
constexpr int32_t kPageMin = 5, kPageMax = 1000;

bool is_word_character(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// "NetworkInterfaces" and "network-interfaces" are the same word.
std::string word_of(std::string_view name) {
  std::string word = to_lower(name);
  std::erase_if(word, [](char c) { return !is_word_character(c); });
  return word;
}

bool is_leaf(aws::Kind kind) {
  return kind != aws::Kind::List && kind != aws::Kind::Map && kind != aws::Kind::Structure;
}

std::string text_of(const aws::Shape& shape, const void* value) {
  using aws::Kind;
  if (shape.kind == Kind::Boolean) return *static_cast<const bool*>(value) ? "true" : "false";
  if (shape.kind == Kind::Integer) return std::to_string(*static_cast<const int32_t*>(value));
  if (shape.kind == Kind::Long) return std::to_string(*static_cast<const int64_t*>(value));
  if (shape.kind == Kind::Timestamp) return iso8601_milliseconds(*static_cast<const Time*>(value));
  if (shape.kind == Kind::String) return *static_cast<const std::string*>(value);
  if (shape.kind == Kind::Double || shape.kind == Kind::Float) {
    return fmt::format("{}", *static_cast<const double*>(value));
  }
  return "";
}

// What may be left of a name after the member's: a list may be named in the singular, and what follows may
// begin with the letters of the plural.
std::vector<std::string_view> rests_after(const aws::Member& member, std::string_view name) {
  const std::string word = word_of(member.name);
  std::vector<std::string_view> rests;
  if (name.starts_with(word)) rests.push_back(name.substr(word.size()));
  if (member.shape->kind != aws::Kind::List) return rests;
  constexpr std::pair<std::string_view, std::string_view> kEndings[] = {
      {"set", ""}, {"es", ""}, {"s", ""}, {"ies", "y"}};
  for (const auto& [plural, ending] : kEndings) {
    if (!word.ends_with(plural)) continue;
    const std::string singular = word.substr(0, word.size() - plural.size()) + std::string(ending);
    if (name.starts_with(singular)) rests.push_back(name.substr(singular.size()));
  }
  return rests;
}

void collect(const aws::Shape& shape, const void* value, std::string_view rest,
             std::vector<std::string>& found) {
  if (shape.kind == aws::Kind::List) {
    for (size_t i = 0; i < shape.list->size(value); ++i) {
      collect(*shape.element->shape, shape.list->at(value, i), rest, found);
    }
    return;
  }
  if (rest.empty()) {
    if (is_leaf(shape.kind)) found.push_back(text_of(shape, value));
    return;
  }
  if (shape.kind != aws::Kind::Structure) return;
  for (const aws::Member& member : shape.members) {
    const void* field = static_cast<const char*>(value) + member.offset;
    const void* inner = member.ops->get(field);
    if (!inner) continue;
    for (const std::string_view left : rests_after(member, rest)) collect(*member.shape, inner, left, found);
  }
}

}  // namespace

void check_filters(std::string_view operation, const std::vector<Filter>& filters) {
  const std::vector<std::string_view> names = split(documented_filters(operation), ' ');
  size_t values = 0;
  for (const Filter& filter : filters) {
    const std::string name = filter.name.value_or("");
    values += filter.values.size();
    const bool is_tag =
        name == "tag-key" || name == "tag-value" || (name.starts_with("tag:") && name.size() > 4);
    if (is_tag || std::ranges::find(names, name) != names.end()) continue;
    throw_invalid(fmt::format("The filter '{}' is invalid", name));
  }
  if (values > kFilterValuesMax) {
    throw aws::ServiceError("FilterLimitExceeded", 400,
                            "The maximum number of filter values specified on a single call is 200");
  }
}

std::vector<std::string> described_values(const Described& described, std::string_view name) {
  std::vector<std::string> found;
  collect(*described.shape, described.value, word_of(name), found);
  return found;
}

bool passes(const std::vector<Filter>& filters, const std::vector<Tag>& tags, const FilterValues& values,
            const Described& described) {
  return passes(filters, tags, [&](std::string_view name) -> std::optional<std::vector<std::string>> {
    if (auto known = values(name)) return known;
    return described_values(described, name);
  });
}

void check_page(const std::optional<int32_t>& max_results, bool has_ids, std::string_view ids) {
  if (!max_results) return;
  if (has_ids) {
    throw aws::ServiceError(
        "InvalidParameterCombination", 400,
        fmt::format("The parameter {} cannot be used with the parameter maxResults", ids));
  }
  if (*max_results >= kPageMin && *max_results <= kPageMax) return;
  throw_invalid(fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a value {} than {}.",
                            *max_results, *max_results < kPageMin ? "greater" : "less",
                            *max_results < kPageMin ? kPageMin : kPageMax));
}

}  // namespace holm::ec2
