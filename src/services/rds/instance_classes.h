// How large the instances of a class are.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holm::rds {

struct InstanceClass {
  unsigned vcpus = 0;
  uint64_t memory_bytes = 0;
};

// Of "db.t4g.medium" and its like; nothing when there is no such class.
std::optional<InstanceClass> find_instance_class(std::string_view name);

}  // namespace holm::rds
