// Instance types as data: what of the machine an instance gets.
#pragma once

#include <cstdint>
#include <string_view>

namespace holm::ec2 {

struct InstanceType {
  std::string_view name;
  unsigned vcpus;
  unsigned memory_mib;
  bool is_burstable;
};

// Null for a type there is not.
const InstanceType* find_instance_type(std::string_view name);

}  // namespace holm::ec2
