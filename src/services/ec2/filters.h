// Filters of Describe operations: which there are, and what resources have for them.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ec2/schema.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

// A description of a resource, to look for values in.
struct Described {
  const aws::Shape* shape = nullptr;
  const void* value = nullptr;
};

template <class T>
Described described_as(const T& value) {
  return {&shape_of(value), &value};
}

// The names, separated by spaces; none for an operation that has no filters.
std::string_view documented_filters(std::string_view operation);
// InvalidParameterValue for a filter that the operation does not have, FilterLimitExceeded for too many
// values.
void check_filters(std::string_view operation, const std::vector<Filter>& filters);

// What the description has at "network-interface.attachment.status": a name is made of the words of members,
// lists in the singular. Nothing where it says nothing.
std::vector<std::string> described_values(const Described& described, std::string_view name);

// As passes(), for filters that check_filters() has seen: those that `values` does not answer are looked for
// in the description.
bool passes(const std::vector<Filter>& filters, const std::vector<Tag>& tags, const FilterValues& values,
            const Described& described);

// A page of a request is 5 to 1000 items, and cannot be asked for together with ids, which `ids` names.
void check_page(const std::optional<int32_t>& max_results, bool has_ids, std::string_view ids);

}  // namespace holm::ec2
