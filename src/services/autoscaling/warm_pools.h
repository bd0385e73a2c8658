// Warm pools: instances that are prepared for a group before it needs them.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "autoscaling/types.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

struct WarmPoolRow {
  int64_t group = 0;
  std::optional<int64_t> max_prepared;  // Of pool and group together; else the group's maximum.
  int64_t min_size = 0;
  std::string state = "Stopped";  // Of the instances that are ready: Stopped, Running.
  bool reuses = false;            // Instances that the group gives up come back.
  bool is_deleting = false;

  // How many instances it is to have.
  int64_t size(const GroupRow& of) const;
};

std::optional<WarmPoolRow> find_warm_pool(sql::Transaction& transaction, int64_t group);
WarmPoolConfiguration describe(const WarmPoolRow& pool);
// As Describe operations show an instance of a group or of its pool.
Instance describe(const InstanceRow& row);

std::unique_ptr<stacks::ResourceType> warm_pool_type();

}  // namespace holm::autoscaling
