// The filters of Describe operations.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Filter.html

#include "services/rds/filters.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "services/rds/rows.h"

namespace holm::rds {

bool passes(const std::vector<Filter>& filters, const FilterValues& values) {
  return std::ranges::all_of(filters, [&](const Filter& filter) {
    const auto found = values.find(filter.name);
    if (found == values.end()) throw_invalid(fmt::format("Unrecognized filter name: {}", filter.name));
    return std::ranges::any_of(filter.values, [&](const std::string& value) {
      return std::ranges::find(found->second, value) != found->second.end();
    });
  });
}

bool names_it(const std::string& given, const std::string& id, const std::string& arn) {
  return given == arn || to_lower(given) == id;
}

}  // namespace holm::rds
