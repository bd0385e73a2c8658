// Tags of groups, which their instances inherit.
#pragma once

#include <vector>

#include "autoscaling/handlers.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

// Adds to the group's tags and replaces those of the same key.
void write_tags(Call& call, const GroupRow& group, const std::vector<Tag>& tags);
std::vector<TagDescription> tags_of(Call& call, const GroupRow& group);

}  // namespace holm::autoscaling
