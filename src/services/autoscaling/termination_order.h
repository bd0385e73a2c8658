// Which instances a group gives up when it has too many.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "autoscaling/types.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

struct Staff {
  std::vector<InstanceRow> serving;  // The protected ones, too.
  std::set<std::string> zones;       // Where the group may have instances.
  TemplateVersion present;           // What the group launches now.
  std::optional<MixedInstancesPolicy> mixed = {};
};

// Up to `count` of those that are not protected: from the most crowded zones first, and there by the group's
// termination policies.
std::vector<InstanceRow> choose_for_termination(const GroupRow& group, Staff staff, size_t count);

}  // namespace holm::autoscaling
