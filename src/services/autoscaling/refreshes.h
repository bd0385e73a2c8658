// Instance refreshes: their rows, and what they replace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autoscaling/types.h"
#include "services/autoscaling/groups.h"

namespace holm::autoscaling {

// Their states, as the API calls them.
namespace refresh {
inline constexpr std::string_view kPending = "Pending";
inline constexpr std::string_view kInProgress = "InProgress";
inline constexpr std::string_view kBaking = "Baking";
inline constexpr std::string_view kCancelling = "Cancelling";
inline constexpr std::string_view kRollingBack = "RollbackInProgress";
}  // namespace refresh

struct RefreshRow {
  int64_t number = 0;
  int64_t group = 0;
  std::string id;
  // What was asked for; every preference has a value, the target's template both its id and its name.
  StartInstanceRefreshType asked;
  std::string status, reason;
  int64_t started = 0;
  std::optional<int64_t> ended;
  int64_t total = 0;       // Instances to replace, when it or its rollback began.
  int64_t updated = 0;     // Of them; their successors are warm.
  int64_t progressed = 0;  // When something was last done.
  int64_t checkpoint = 0;  // How many were passed.
  int64_t wait_until = 0;  // At a checkpoint, or to bake.
  std::optional<std::string> rollback_reason;
  int64_t rollback_started = 0, updated_before_rollback = 0, total_before_rollback = 0;

  const RefreshPreferences& preferences() const { return *asked.preferences; }
  bool is(std::string_view state) const { return status == state; }
  // Replaces instances now, or will once it has begun.
  bool replaces() const {
    return is(refresh::kPending) || is(refresh::kInProgress) || is(refresh::kRollingBack);
  }
  // What the group is to be launched from, while that is not its own template.
  const LaunchTemplateSpecification* target() const;
};

int64_t percent_of(int64_t updated, int64_t total);

std::vector<RefreshRow> refreshes_of(sql::Transaction& transaction, int64_t group);  // The newest first.
// The one that is not over.
std::optional<RefreshRow> active_refresh(sql::Transaction& transaction, int64_t group);
void insert_refresh(sql::Transaction& transaction, RefreshRow& row);
void update_refresh(sql::Transaction& transaction, const RefreshRow& row);

// The ids of the instances that are still to be replaced, or were.
std::vector<std::string> instances_to_replace(sql::Transaction& transaction, const RefreshRow& row);
void write_instances_to_replace(sql::Transaction& transaction, RefreshRow& row,
                                const std::vector<std::string>& ids);

// Whether a rollback can lead back to what the group is launched from; versions that move cannot.
bool can_roll_back(const GroupRow& group, const StartInstanceRefreshType& asked);
// From now on the instances of the new template are replaced by those of the group's own.
void begin_rollback(Service& service, aws::Call& call, const GroupRow& group, RefreshRow& row,
                    const std::string& reason);

// Names of those of `alarms` that are in alarm; ValidationError for one that does not exist.
std::vector<std::string> alarms_in_alarm(aws::Call& call, const std::vector<std::string>& alarms);

}  // namespace holm::autoscaling
