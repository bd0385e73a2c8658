// How a page of keys is read.

#include "services/s3/listing.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/error.h"
#include "base/page_token.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "services/s3/invalid_argument.h"

namespace holm::s3 {

namespace {

// With a delimiter, keys that turn out to be in one folder are read in vain. So as many are read as may be
// expected to be of use after the last time: one of a large folder is enough to skip it, and keys beside each
// other are read many at a time.
constexpr size_t kFetchFirst = 64;
constexpr size_t kFetchMin = 2;

size_t next_batch(size_t useful) { return std::clamp(2 * useful, kFetchMin, kFetchFirst); }

// The common prefix that a key is rolled up into; empty: none.
std::string_view common_prefix_of(const PageRequest& request, std::string_view key) {
  if (request.delimiter.empty()) return {};
  const size_t at = key.find(request.delimiter, request.prefix.size());
  if (at == std::string_view::npos) return {};
  return key.substr(0, at + request.delimiter.size());
}

// Where reading begins, so that nothing up to `after` comes again.
std::string first_key(const PageRequest& request) {
  if (request.after.empty() || request.after < request.prefix) return request.prefix;
  const bool is_common_prefix = !request.delimiter.empty() && request.after.ends_with(request.delimiter) &&
                                common_prefix_of(request, request.after) == request.after;
  if (is_common_prefix && request.after.starts_with(request.prefix)) return end_of_prefix(request.after);
  return request.after + '\0';
}

}  // namespace

std::string time_text(Time time) {
  return iso8601_milliseconds(std::chrono::floor<std::chrono::seconds>(time));
}

std::string require_position(const std::string& token) {
  if (auto position = read_page_token(token)) return *position;
  throw_invalid_argument("The continuation token provided is incorrect");
}

std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

size_t page_size(const std::optional<int32_t>& given, std::string_view name) {
  if (given.value_or(0) < 0) {
    throw_invalid_argument(fmt::format("Argument {} must be an integer between 0 and 2147483647", name));
  }
  return static_cast<size_t>(std::min(given.value_or(kPageMax), kPageMax));
}

PageResult read_page(const PageRequest& request, const Fetch& fetch, const Take& take) {
  PageResult result;
  if (request.items_max == 0) return result;
  const std::string end = end_of_prefix(request.prefix);
  const bool has_folders = !request.delimiter.empty();
  size_t batch = has_folders ? kFetchFirst : request.items_max + 1;
  std::string from = first_key(request);
  size_t items = 0;
  while (true) {
    const std::vector<std::string_view> keys = fetch(from, end, batch);
    const size_t before = items;
    std::string_view skipped;  // The common prefix that the keys at hand are in.
    for (size_t i = 0; i < keys.size(); ++i) {
      const std::string_view key = keys[i];
      if (!skipped.empty() && key.starts_with(skipped)) continue;
      const std::string_view common = common_prefix_of(request, key);
      if (!common.empty() && common <= request.after) {
        skipped = common;
        continue;
      }
      if (items == request.items_max) {
        result.is_truncated = true;
        return result;
      }
      ++items;
      skipped = common;
      result.last = common.empty() ? key : common;
      if (common.empty()) {
        take(i);
      } else {
        result.common_prefixes.emplace_back(common);
      }
    }
    if (keys.size() < batch) return result;
    from = skipped.empty() ? std::string(keys.back()) + '\0' : end_of_prefix(std::string(skipped));
    if (from.empty()) return result;
    if (has_folders) batch = next_batch(items - before);
  }
}

void require_encoding(const std::optional<std::string>& encoding_type) {
  if (!encoding_type || *encoding_type == "url") return;
  throw_invalid_argument("Invalid Encoding Method specified in Request", {"encoding-type", *encoding_type});
}

std::string encoded(std::string_view text, const std::optional<std::string>& encoding_type) {
  return encoding_type ? percent_encode(text, Slash::Keep) : std::string(text);
}

}  // namespace holm::s3
