// The rows of groups, their instances and their activities.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "services/autoscaling/service.h"

namespace holm::autoscaling {

struct GroupRow {
  int64_t id = 0;
  std::string account, region, name, arn;
  // The version as it was given. Of a launch configuration the id is configuration_id(), and there is no name.
  std::string template_id, template_name, template_version;
  int64_t min = 0, max = 0, desired = 0, cooldown = 300;
  std::vector<std::string> subnets;
  std::vector<std::string> target_groups;  // ARNs, and Classic Load Balancers as classic_source() writes them.
  std::string health_check;  // EC2, ELB
  int64_t grace = 0;         // Seconds since InService.
  std::vector<std::string> policies;
  bool protects = false;
  std::string cause;  // Of the change of the desired capacity that is under way, in AWS's words.
  int64_t created = 0, last_change = 0;
  bool is_deleting = false;
  std::optional<int64_t> rolling_min, rolling_batch, rolling_pause;  // Milliseconds of pause.
  int64_t paused_until = 0;
  int64_t replacing = 0;     // Instances that were not healthy and have no successor yet.
  int64_t failures = 0;      // Of launches, one after another.
  int64_t launch_after = 0;  // None is tried before.
  std::optional<int64_t> default_warmup;  // Seconds.
  int64_t cooldown_until = 0;
  int64_t cooldown_next = 0;  // Seconds, from when the present change has ended.
  std::optional<int64_t> max_lifetime;  // Seconds.
  std::optional<int64_t> maintenance_min, maintenance_max;  // Percent of the desired capacity.
  std::vector<std::string> rolling_suspended;  // Processes that rest only for the rolling update.
  std::string mixed;  // As write_mixed() makes it.
  std::optional<int64_t> rolling_since;  // When it began, if new instances have to signal.
};

struct InstanceRow {
  std::string id;
  int64_t group = 0;
  std::string subnet, zone, type, template_id, template_name, template_version;
  std::string state;   // Pending, InService, Standby, Terminating
  std::string health;  // Healthy, Unhealthy
  bool is_protected = false;
  int64_t launched = 0, in_service = 0;
  std::string activity;                 // The one under way.
  std::optional<int64_t> drains_until;  // Terminating; null once EC2 was asked to terminate.
  std::string phase;                    // Of the state: Wait, Proceed or none.
  bool is_warm = false;  // Of the group's warm pool; its state may be Stopped or Running as well.
  bool returns = false;  // To the pool, once it has drained.
  bool is_spot = false;

  // "Pending:Wait", "Warmed:Stopped".
  std::string lifecycle_state() const {
    return (is_warm ? "Warmed:" : "") + state + (phase.empty() ? "" : ":" + phase);
  }
};

// What stands for a launch configuration where else the id of a launch template does, and the name that such an
// id holds; empty if it is a template's.
std::string configuration_id(const std::string& name);
std::string configuration_name(const std::string& template_id);

// A launch template's version as a number, or a launch configuration, and the type of instance it makes.
struct TemplateVersion {
  std::string id, name, version, instance_type;
};

std::optional<GroupRow> find_group(sql::Transaction& transaction, int64_t id);
std::optional<GroupRow> find_group(aws::Call& call, const std::string& name);
GroupRow require_group(aws::Call& call, const std::string& name);
void require_not_deleting(const GroupRow& group);
std::vector<GroupRow> groups_of(aws::Call& call);
std::vector<InstanceRow> instances_of(sql::Transaction& transaction, int64_t group);
// Those of its warm pool, which the others are not.
std::vector<InstanceRow> warm_instances_of(sql::Transaction& transaction, int64_t group);
std::optional<InstanceRow> find_instance(sql::Transaction& transaction, const std::string& id);
void insert_instance(aws::Call& call, const InstanceRow& instance);

inline constexpr char kInvalidTargetGroups[] =
    "Provided Target Groups may not be valid. Please ensure they exist and try again.";
inline constexpr char kInvalidLoadBalancers[] =
    "Provided Load Balancers may not be valid. Please ensure they exist and try again.";

// Throws ValidationError.
[[noreturn]] void throw_invalid(const std::string& message);
TemplateVersion resolve_template(aws::Call& call, const GroupRow& group);

// "At 2026-01-01T00:00:00Z ", as causes begin, and causes one after another; empty ones are left out.
std::string at_now(const aws::Call& call);
std::string sentences(const std::vector<std::string>& causes);

// Writes an activity under way and returns its id.
std::string begin_activity(Service& service, aws::Call& call, const GroupRow& group,
                           const std::string& description, const std::string& cause);
void end_activity(aws::Call& call, const std::string& id, std::string_view status,
                  const std::optional<std::string>& message = std::nullopt);

// Takes an instance out of service: it is deregistered, and terminated once its targets have drained.
// Returns the activity's id.
std::string retire(Service& service, aws::Call& call, const GroupRow& group, const InstanceRow& instance,
                   const std::string& cause);

// How many a page may hold: MaxRecords, of at most 100, or `otherwise`. ValidationError.
size_t page_count(const std::optional<int32_t>& max_records, size_t otherwise);
// The page of `items` that is asked for; tokens are positions.
template <class Item>
std::optional<std::string> take_page(std::vector<Item>& items, size_t count,
                                     const std::optional<std::string>& token);
size_t position_of(const std::optional<std::string>& token);

template <class Item>
std::optional<std::string> take_page(std::vector<Item>& items, size_t count,
                                     const std::optional<std::string>& token) {
  const size_t from = std::min(position_of(token), items.size());
  const size_t to = std::min(items.size(), from + count);
  const bool ends = to == items.size();
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(to), items.end());
  items.erase(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(from));
  if (ends) return std::nullopt;
  return std::to_string(to);
}

}  // namespace holm::autoscaling
