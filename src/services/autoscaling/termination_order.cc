// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html

#include "services/autoscaling/termination_order.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "base/strings.h"
#include "services/autoscaling/mixed_instances.h"

namespace holm::autoscaling {

namespace {

// Lower is given up earlier.
using Rank = std::vector<int64_t>;

// Instances of another template come first, then those of older versions.
void append_age_of_template(Rank& rank, const InstanceRow& instance, const TemplateVersion& present) {
  rank.push_back(instance.template_id == present.id ? 1 : 0);
  rank.push_back(parse_integer(instance.template_version).value_or(0));
}

Rank rank_of(const GroupRow& group, const InstanceRow& instance, const TemplateVersion& present) {
  Rank rank;
  for (const std::string& policy : group.policies) {
    if (policy == "NewestInstance") rank.push_back(-instance.launched);
    else if (policy == "OldestInstance") rank.push_back(instance.launched);
    else if (policy == "AllocationStrategy") continue;  // Which comes before all policies.
    else append_age_of_template(rank, instance, present);
  }
  rank.push_back(instance.launched);
  return rank;
}

}  // namespace

std::vector<InstanceRow> choose_for_termination(const GroupRow& group, Staff staff, size_t count) {
  std::map<std::string, int> crowd;
  for (const InstanceRow& each : staff.serving) ++crowd[each.zone];
  // A zone that the group has left is too crowded with any instance.
  auto crowd_of = [&](const InstanceRow& each) {
    return staff.zones.contains(each.zone) ? crowd[each.zone] : std::numeric_limits<int>::max();
  };
  Mix mix = mix_of(staff.serving);
  std::erase_if(staff.serving, [](const InstanceRow& each) { return each.is_protected; });
  std::vector<InstanceRow> chosen;
  while (chosen.size() < count && !staff.serving.empty()) {
    const bool has_wish = staff.mixed.has_value();
    const bool wishes_spot = has_wish && gives_up_spot(*staff.mixed, mix);
    auto rank = [&](const InstanceRow& each) {
      const bool is_wished = has_wish && each.is_spot == wishes_spot;
      return std::tuple(-int64_t{crowd_of(each)}, !is_wished, rank_of(group, each, staff.present), each.id);
    };
    auto next = std::ranges::min_element(staff.serving, {}, rank);
    --crowd[next->zone];
    --(next->is_spot ? mix.spot : mix.on_demand);
    chosen.push_back(*next);
    staff.serving.erase(next);
  }
  return chosen;
}

}  // namespace holm::autoscaling
