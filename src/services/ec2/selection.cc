// Which rows a Describe operation reads.

#include "services/ec2/selection.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/json.h"

namespace holm::ec2 {

namespace {

// As matches_wildcard() has them.
bool is_plain(const std::string& value) { return value.find_first_of("*?\\") == std::string::npos; }

std::string json_list(const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values) {
    list += list.empty() ? '[' : ',';
    formats::append_json_string(list, value);
  }
  return list + ']';
}

}  // namespace

Selection::Selection(const aws::Caller& caller) : arguments_{caller.account, caller.region} {}

Selection& Selection::among(std::string_view column, const std::vector<std::string>& values) {
  if (values.empty()) return *this;
  arguments_.emplace_back(json_list(values));
  narrowed_ += fmt::format(" AND {} IN (SELECT value FROM json_each(?{}))", column, arguments_.size());
  return *this;
}

Selection& Selection::filtered(std::string_view column, const std::vector<Filter>& filters,
                               std::string_view name) {
  for (const Filter& filter : filters) {
    if (filter.name == name && std::ranges::all_of(filter.values, is_plain)) among(column, filter.values);
  }
  return *this;
}

// The signs keep SQLite from taking the index of all that an account has, which it thinks are few.
std::string Selection::where() const {
  const std::string_view sign = narrowed_.empty() ? "" : "+";
  return fmt::format("{0}account = ?1 AND {0}region = ?2{1}", sign, narrowed_);
}

}  // namespace holm::ec2
