// Scheduled actions.
#pragma once

#include <optional>

#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

// Does what is due, part of the call's transaction.
void run_scheduled_actions(Service& service, aws::Call& call, const GroupRow& group);
// When the next one is due, in milliseconds.
std::optional<int64_t> next_scheduled_action(sql::Transaction& transaction, int64_t group);

}  // namespace holm::autoscaling
