// The controller's answer to too few instances, and to zones out of balance.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "aws/service/region.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "ec2/operations.h"
#include "services/autoscaling/attempt.h"
#include "services/autoscaling/controller.h"
#include "services/autoscaling/launch_configurations.h"
#include "services/autoscaling/mixed_instances.h"
#include "services/autoscaling/target_groups.h"

namespace holm::autoscaling {

namespace {

constexpr std::chrono::seconds kBackOffMin{10};
constexpr std::chrono::seconds kBackOffMax{600};
constexpr int64_t kDoublingsMax = 6;
constexpr char kNoTargetGroup[] =
    "One or more target groups not found. Validating load balancer configuration failed.";

// Zones may differ by one instance.
constexpr int kUnbalanced = 2;

// One instance of the launch template or configuration.
ec2::RunInstancesRequest launch_request(aws::Call& call, const TemplateVersion& from,
                                        const std::string& subnet) {
  if (const std::string name = configuration_name(from.id); !name.empty()) {
    return launch_of(require_launch_configuration(call, name), subnet);
  }
  ec2::RunInstancesRequest request;
  request.min_count = request.max_count = 1;
  request.subnet_id = subnet;
  ec2::LaunchTemplateSpecification launch_template;
  launch_template.launch_template_id = from.id;
  launch_template.version = from.version;
  request.launch_template = launch_template;
  return request;
}

}  // namespace

// Subnets in the order in which they are tried: those of the emptiest zone first.
std::vector<std::string> Controller::places_by_load(const std::vector<InstanceRow>& of) const {
  std::map<std::string, int> in_zone, in_subnet;
  for (const InstanceRow& each : of) {
    if (!counts(each)) continue;
    ++in_zone[each.zone];
    ++in_subnet[each.subnet];
  }
  std::multimap<std::pair<int, int>, std::string> sorted;  // Keeps the order of equals.
  for (const std::string& subnet : subnets_in_use()) {
    auto zone = zones_.find(subnet);
    sorted.emplace(std::pair(zone == zones_.end() ? 0 : in_zone[zone->second], in_subnet[subnet]), subnet);
  }
  std::vector<std::string> places;
  for (const auto& [load, subnet] : sorted) places.push_back(subnet);
  return places;
}

std::string Controller::cause_of_launch(const aws::Call& call, int64_t from) const {
  if (group_.replacing > 0) {
    return at_now(call) +
           "an instance was launched in response to an unhealthy instance needing to be replaced.";
  }
  return sentences({group_.cause, at_now(call) + fmt::format("an instance was started in response to a "
                                                             "difference between desired and actual "
                                                             "capacity, increasing the capacity from {} to "
                                                             "{}.",
                                                             from, wanted())});
}

void Controller::launch(aws::Call& call, const std::string& subnet, const std::string& cause, Into into) {
  if (template_problem_) throw_invalid(*template_problem_);
  if (!target_groups_exist(call, group_.target_groups)) throw_invalid(kNoTargetGroup);
  const bool is_warm = into == Into::Pool;
  const std::string description =
      is_warm ? "Launching a new EC2 instance into warm pool" : "Launching a new EC2 instance";
  const std::string activity = begin_activity(service_, call, group_, description, cause);
  ec2::RunInstancesRequest request = launch_request(call, template_, subnet);
  request.client_token = activity;
  Choice choice;
  if (const auto mixed = read_mixed(group_.mixed)) choice = choice_for_next(*mixed, counted());
  if (!choice.type.empty()) request.instance_type = choice.type;
  if (choice.is_spot) request.instance_market_options = ec2::InstanceMarketOptionsRequest{.market_type = "spot"};
  ec2::TagSpecification tags;
  tags.resource_type = "instance";
  tags.tags = {{.key = "aws:autoscaling:groupName", .value = group_.name}};
  for (const sql::Row& tag : call.transaction.run(
           "SELECT key, value FROM autoscaling_tag WHERE grp = ?1 AND propagates = 1 ORDER BY key", {id_})) {
    tags.tags.push_back({.key = tag.text(0), .value = tag.text(1)});
  }
  request.tag_specifications = {tags};
  const auto as = aws::service_principal("autoscaling.amazonaws.com", call.account);
  const auto made = call.client.call<ec2::RunInstances>(call, as, request);
  const auto& instance = made.instances.at(0);
  const std::string zone = instance.placement->availability_zone.value_or("");
  call.transaction.run(
      "UPDATE autoscaling_activity SET description = ?2, progress = 30, details = ?3 WHERE id = ?1",
      {activity, description + ": " + *instance.instance_id,
       fmt::format(R"({{"Subnet ID":"{}","Availability Zone":"{}"}})", subnet, zone)});
  insert_instance(call, {.id = *instance.instance_id,
                         .group = id_,
                         .subnet = subnet,
                         .zone = zone,
                         .type = choice.type.empty() ? template_.instance_type : choice.type,
                         .template_id = template_.id,
                         .template_name = template_.name,
                         .template_version = template_.version,
                         .state = "Pending",
                         .health = "Healthy",
                         .is_protected = group_.protects,
                         .launched = to_milliseconds(call.now),
                         .activity = activity,
                         .is_warm = is_warm,
                         .is_spot = choice.is_spot});
}

// Of those that are to be replaced because they were not healthy one is.
void Controller::count_replaced(aws::Call& call) {
  call.transaction.run("UPDATE autoscaling_group SET replacing = max(replacing - 1, 0) WHERE id = ?1", {id_});
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html
// A subnet where no instance can be started is passed over for the next one.
void Controller::launch_missing() {
  std::optional<int64_t> from;
  for (bool is_complete = false; !is_complete;) {
    region_.transact(caller_, sql::Access::Read, [&](aws::Call& call) { load(call); });
    if (capacity() >= wanted() || suspended_.contains(kLaunch)) return;
    if (to_milliseconds(clock_.now()) < group_.launch_after) return;
    if (!from) from = capacity();
    std::optional<std::string> problem = "The group has no subnet.";
    bool is_warm = false;
    // One that does not start is no reason not to launch another.
    (void)step([&](aws::Call& call) {
      if (capacity() >= wanted() || !take_from_pool(call, cause_of_launch(call, *from))) return;
      count_replaced(call);
      is_warm = true;
    });
    if (is_warm) continue;
    for (const std::string& subnet : places_by_load(instances_)) {
      problem = step([&](aws::Call& call) {
        is_complete = capacity() >= wanted();
        if (is_complete) return;
        launch(call, subnet, cause_of_launch(call, *from));
        count_replaced(call);
      });
      if (!problem) break;
    }
    if (!problem) continue;
    step([&](aws::Call& call) { note_failed_launch(call, *problem); });
    return;
  }
}

void Controller::note_failed_launch(aws::Call& call, const std::string& problem) {
  const std::string cause = cause_of_launch(call, capacity());
  const std::string activity = begin_activity(service_, call, group_, "Launching a new EC2 instance", cause);
  end_activity(call, activity, "Failed", problem + " Launching EC2 instance failed.");
  put_off_launches(call, 0);
}

// Each failure soon after another doubles the time; `free_failures` at the beginning cost none.
void Controller::put_off_launches(aws::Call& call, int free_failures) {
  const int64_t now = to_milliseconds(call.now);
  const int64_t memory = std::chrono::milliseconds(kBackOffMax).count();
  group_.failures = now > group_.launch_after + memory ? 1 : group_.failures + 1;
  std::chrono::milliseconds pause{};
  if (group_.failures > free_failures) {
    const int64_t doublings = std::min(group_.failures - free_failures - 1, kDoublingsMax);
    pause = std::min<std::chrono::milliseconds>(kBackOffMin * (int64_t{1} << doublings), kBackOffMax);
  }
  group_.launch_after = now + pause.count();
  call.transaction.run("UPDATE autoscaling_group SET failures = ?2, launch_after = ?3 WHERE id = ?1",
                       {id_, group_.failures, group_.launch_after});
}

// How many instances each of the group's zones has.
std::map<std::string, int> Controller::crowds() const {
  std::map<std::string, int> crowd;
  for (const auto& [subnet, zone] : zones_) {
    if (!failed_zones_.contains(zone)) crowd[zone] = 0;
  }
  for (const InstanceRow& each : instances_) {
    if (each.state != "Standby" && crowd.contains(each.zone)) ++crowd[each.zone];
  }
  return crowd;
}

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html
// The new instance comes first; then the group is one too large and gives up one of the crowded zone.
void Controller::balance_zones() {
  region_.transact(caller_, sql::Access::Read, [&](aws::Call& call) { load(call); });
  const auto serving = static_cast<int64_t>(in_state("InService").size());
  if (group_.rolling_min || refresh_ || serving != group_.desired || !is_settled() ||
      to_milliseconds(clock_.now()) < group_.launch_after) {
    return;
  }
  if (suspended_.contains(kRebalance) || suspended_.contains(kLaunch) || suspended_.contains(kTerminate)) return;
  const std::vector<InstanceRow> leaving = choose_for_termination(group_, staff(), 1);
  if (leaving.empty()) return;
  const std::string from = leaving.front().zone;
  // Out of a zone that failed the health check takes them, when it is their time.
  if (failed_zones_.contains(from)) return;
  const std::map<std::string, int> crowd = crowds();
  std::optional<std::string> problem;
  for (const std::string& subnet : places_by_load(instances_)) {
    auto to = zones_.find(subnet);
    const bool helps =
        to != zones_.end() && (!crowd.contains(from) || crowd.at(from) - crowd.at(to->second) >= kUnbalanced);
    if (!helps) break;
    problem = step([&](aws::Call& call) { launch_for_balance(call, subnet, from); });
    if (!problem) return;
  }
  if (problem) step([&](aws::Call& call) { note_failed_launch(call, *problem); });
}

void Controller::launch_for_balance(aws::Call& call, const std::string& subnet, const std::string& from) {
  if (!is_settled() || capacity() != group_.desired) return;
  std::vector<std::string> names, counts;
  for (const auto& [zone, count] : crowds()) {
    names.push_back(zone);
    counts.push_back(std::to_string(count));
  }
  launch(call, subnet,
         at_now(call) + fmt::format("availability zones {} had {} instances respectively.  An instance was "
                                    "launched to aid in balancing the group's zones.",
                                    join(names, " "), join(counts, " ")));
  call.transaction.run("UPDATE autoscaling_group SET cause = ?2 WHERE id = ?1",
                       {id_, at_now(call) + fmt::format("instances were launched to balance instances in "
                                                        "zones {} with other zones resulting in more than "
                                                        "desired number of instances in the group.",
                                                        from)});
}

}  // namespace holm::autoscaling
