// The order of keys and how a page of them is read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace holm::s3 {

// As lists and results of copies tell a time: with milliseconds that are always 0, so that clients may
// compare it with that of headers.
std::string time_text(Time time);

constexpr int32_t kPageMax = 1000;

// The first text, in the order of bytes, that does not begin with `prefix` and is behind those that do;
// empty: there is none.
std::string end_of_prefix(std::string prefix);

// max-keys and the like: between 0 and 1000. InvalidArgument.
size_t page_size(const std::optional<int32_t>& given, std::string_view name);

// Where the list that a continuation token was given for goes on. InvalidArgument for what is none.
std::string require_position(const std::string& token);

// What every kind of listing does: merges keys and common prefixes into one sorted page.
struct PageRequest {
  std::string prefix;
  std::string delimiter;  // Empty: none.
  std::string after;      // Keys and common prefixes up to this one are left out; empty: from the start.
  size_t items_max = kPageMax;
};

struct PageResult {
  std::vector<std::string> common_prefixes;
  bool is_truncated = false;
  std::string last;  // The last key or common prefix of the page.
};

// Reads up to `count` items whose key is not before `from` and, unless it is empty, before `end`: their keys,
// which are there until the next time.
using Fetch = std::function<std::vector<std::string_view>(const std::string& from, const std::string& end,
                                                          size_t count)>;
// One of those that were read last, by its place.
using Take = std::function<void(size_t index)>;

// Reads O(page) items: keys under a common prefix are skipped, not read. `fetch` gives the items of a key
// together.
PageResult read_page(const PageRequest& request, const Fetch& fetch, const Take& take);

// encoding-type, of which there is one. InvalidArgument.
void require_encoding(const std::optional<std::string>& encoding_type);

// The answer's form of a key: percent-encoded for encoding-type=url.
std::string encoded(std::string_view text, const std::optional<std::string>& encoding_type);

}  // namespace holm::s3
