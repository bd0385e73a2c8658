// How large the instances of a class are.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html

#include "services/rds/instance_classes.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/strings.h"

namespace holm::rds {

namespace {

struct Size {
  std::string_view name;
  unsigned vcpus;
  unsigned burstable_gib;  // Of db.t…; 0: there is none of that size.
  unsigned general_gib;    // Of db.m….
  unsigned memory_gib;     // Of db.r….
};

constexpr Size kSizes[] = {{"micro", 2, 1, 0, 0},       {"small", 2, 2, 0, 0},
                           {"medium", 2, 4, 0, 0},      {"large", 2, 8, 8, 16},
                           {"xlarge", 4, 16, 16, 32},   {"2xlarge", 8, 32, 32, 64},
                           {"4xlarge", 16, 0, 64, 128}, {"8xlarge", 32, 0, 128, 256}};
constexpr std::string_view kFamilies[] = {"t2",   "t3",  "t4g", "m5",  "m5d", "m6g", "m6gd",
                                          "m6i",  "m7g", "m7i", "m8g", "r5",  "r5d", "r6g",
                                          "r6gd", "r6i", "r7g", "r7i", "r8g"};

}  // namespace

std::optional<InstanceClass> find_instance_class(std::string_view name) {
  const std::vector<std::string_view> parts = split(name, '.');
  if (parts.size() != 3 || parts[0] != "db" ||
      std::ranges::find(kFamilies, parts[1]) == std::end(kFamilies)) {
    return std::nullopt;
  }
  for (const Size& size : kSizes) {
    if (size.name != parts[2]) continue;
    const char kind = parts[1][0];
    const uint64_t gib = kind == 't' ? size.burstable_gib : kind == 'm' ? size.general_gib : size.memory_gib;
    if (gib == 0) return std::nullopt;
    return InstanceClass{.vcpus = size.vcpus, .memory_bytes = gib << 30};
  }
  return std::nullopt;
}

}  // namespace holm::rds
