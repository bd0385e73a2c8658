// Auto Scaling on a database in memory and a clock that a test moves, beside an EC2 and a load balancer that
// keep their instances and targets in the same database, so that what is undone is undone there too.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "autoscaling/handlers.h"
#include "autoscaling/migrations.h"
#include "autoscaling/operations.h"
#include "aws/service/error.h"
#include "aws/service/events.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/strings.h"
#include "cloudwatch/operations.h"
#include "ec2/operations.h"
#include "elb/operations.h"
#include "elbv2/operations.h"
#include "jobs/jobs.h"
#include "metrics/meters.h"
#include "services/autoscaling/service.h"
#include "support/fake_clock.h"
#include "support/seeded_random.h"
#include "support/test_region.h"

namespace holm::autoscaling {

inline constexpr char kTestAccount[] = "123456789012";
inline constexpr char kTestTables[] =
    "CREATE TABLE fake_instance (number INTEGER PRIMARY KEY, id TEXT NOT NULL, subnet TEXT NOT NULL,"
    " version TEXT NOT NULL, tags TEXT NOT NULL, state TEXT NOT NULL);"
    "CREATE TABLE fake_target_group (arn TEXT NOT NULL PRIMARY KEY);"
    "CREATE TABLE fake_alarm (name TEXT NOT NULL PRIMARY KEY, action TEXT NOT NULL, rule TEXT NOT NULL);"
    "CREATE TABLE fake_target (grp TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (grp, "
    "id));";

// What a daemon's death looks like to whoever is at work.
class Killed final : public std::runtime_error {
 public:
  Killed() : std::runtime_error("killed") {}
};

// Subnets are named after their zone: "subnet-b2" lies in eu-west-1b.
inline std::string zone_of_subnet(const std::string& subnet) { return "eu-west-1" + subnet.substr(7, 1); }

// Calls Auto Scaling without signatures and rights, and is as much of EC2 and of load balancing as that asks
// for.
class SmallRegion final : public test::TestRegion {
 public:
  using TestRegion::TestRegion;

  aws::ServiceBase* autoscaling = nullptr;
  std::set<std::string> full_zones;  // Where no instance can be started.
  std::set<std::string> failed_zones;
  std::string template_version = "1";
  bool has_template = true;
  int64_t drains = 0;          // How many deregistered targets are busy for ever: 1, or none.
  int64_t steps_to_live = -1;  // Calls and commits until everything is killed; negative: never.

 protected:
  aws::Box invoke(aws::Call& parent, const aws::Principal&, std::string_view service,
                  std::string_view operation, const void* input) override {
    sql::Savepoint savepoint(parent.transaction);
    aws::Box output = invoke_service(parent, service, operation, input);
    savepoint.release();
    return output;
  }
  void before_commit(sql::Access access) override {
    if (access == sql::Access::Write) count_down();
  }

 private:
  void count_down() {
    if (steps_to_live < 0) return;
    if (steps_to_live-- == 0) throw Killed();
  }

  aws::Box invoke_service(aws::Call& call, std::string_view service, std::string_view operation,
                          const void* input) {
    if (service == "autoscaling") {
      return aws::find_operation(model(), operation)->invoke(*autoscaling, call, input);
    }
    count_down();
    if (service == "cloudwatch") return invoke_cloudwatch(call, operation, input);
    if (service == "elb") return invoke_classic(call, operation, input);
    return service == "ec2" ? invoke_ec2(call, operation, input) : invoke_elb(call, operation, input);
  }

  static aws::Box invoke_cloudwatch(aws::Call& call, std::string_view operation, const void* input) {
    if (operation == "PutMetricAlarm") {
      const auto& request = *static_cast<const cloudwatch::PutMetricAlarmInput*>(input);
      call.transaction.run(
          "INSERT INTO fake_alarm (name, action, rule) VALUES (?1, ?2, ?3)"
          " ON CONFLICT (name) DO UPDATE SET rule = excluded.rule",
          {request.alarm_name, request.alarm_actions.at(0),
           fmt::format("{} {} {} {} of {}={} for {} x {} s", *request.metric_name, *request.statistic,
                       *request.comparison_operator, *request.threshold, request.dimensions.at(0).name,
                       request.dimensions.at(0).value, *request.evaluation_periods, *request.period)});
      return aws::make_box(aws::Nothing{});
    }
    if (operation == "DeleteAlarms") {
      for (const std::string& name : static_cast<const cloudwatch::DeleteAlarmsInput*>(input)->alarm_names) {
        call.transaction.run("DELETE FROM fake_alarm WHERE name = ?1", {name});
      }
      return aws::make_box(aws::Nothing{});
    }
    CHECK(operation == "DescribeAlarms");
    const auto& asked = *static_cast<const cloudwatch::DescribeAlarmsInput*>(input);
    cloudwatch::DescribeAlarmsOutput result;
    for (const std::string& name : asked.alarm_names) {
      auto row = call.transaction.find("SELECT rule FROM fake_alarm WHERE name = ?1", {name});
      if (row) result.metric_alarms.push_back({.alarm_name = name, .state_value = row->text(0)});
    }
    if (!asked.action_prefix) return aws::make_box(std::move(result));
    for (const sql::Row& row : call.transaction.run(
             "SELECT name FROM fake_alarm WHERE action = ?1 ORDER BY name", {*asked.action_prefix})) {
      result.metric_alarms.push_back({.alarm_name = row.text(0), .alarm_arn = "arn:" + row.text(0)});
    }
    return aws::make_box(std::move(result));
  }

  aws::Box invoke_ec2(aws::Call& call, std::string_view operation, const void* input) {
    if (operation == "RunInstances") {
      return run_instances(call, *static_cast<const ec2::RunInstancesRequest*>(input));
    }
    if (operation == "DescribeInstances") {
      return describe_instances(call, *static_cast<const ec2::DescribeInstancesRequest*>(input));
    }
    if (operation == "DescribeInstanceStatus") return describe_status(call);
    if (operation == "DescribeImages") {
      const auto& ids = static_cast<const ec2::DescribeImagesRequest*>(input)->image_ids;
      if (ids.at(0) == "ami-1") return aws::make_box(ec2::DescribeImagesResult{});
      throw aws::ServiceError("InvalidAMIID.NotFound", 400, "The image id '[" + ids.at(0) + "]' does not exist");
    }
    if (operation == "DescribeInstanceTypes") return aws::make_box(ec2::DescribeInstanceTypesResult{});
    if (operation == "DescribeInstanceAttribute") return aws::make_box(ec2::InstanceAttribute{});
    if (operation == "DescribeAvailabilityZones") {
      ec2::DescribeAvailabilityZonesResult result;
      for (const std::string& zone : failed_zones) result.availability_zones.push_back({.zone_name = zone});
      return aws::make_box(std::move(result));
    }
    if (operation == "DescribeSubnets") {
      const auto& request = *static_cast<const ec2::DescribeSubnetsRequest*>(input);
      ec2::DescribeSubnetsResult result;
      for (const std::string& id : request.filters.empty() ? request.subnet_ids : request.filters[0].values) {
        result.subnets.push_back({.subnet_id = id, .availability_zone = zone_of_subnet(id)});
      }
      return aws::make_box(std::move(result));
    }
    if (operation == "DescribeLaunchTemplateVersions") {
      if (!has_template) {
        throw aws::ServiceError("InvalidLaunchTemplateId.NotFound", 400,
                                "The specified launch template, with template ID lt-1, does not exist.");
      }
      const std::string& wanted =
          static_cast<const ec2::DescribeLaunchTemplateVersionsRequest*>(input)->versions.at(0);
      ec2::DescribeLaunchTemplateVersionsResult result;
      result.launch_template_versions.push_back(
          {.launch_template_id = "lt-1",
           .launch_template_name = "web",
           .version_number = parse_integer(wanted.starts_with('$') ? template_version : wanted),
           .launch_template_data = ec2::ResponseLaunchTemplateData{.instance_type = "t3.micro"}});
      return aws::make_box(std::move(result));
    }
    if (operation == "CreateTags") {
      const auto& request = *static_cast<const ec2::CreateTagsRequest*>(input);
      call.transaction.run(
          "UPDATE fake_instance SET tags = ?2 WHERE id = ?1",
          {request.resources.at(0), *request.tags.at(0).key + "=" + *request.tags.at(0).value});
      return aws::make_box(aws::Nothing{});
    }
    if (operation == "DeleteTags") {
      call.transaction.run("UPDATE fake_instance SET tags = '' WHERE id = ?1",
                           {static_cast<const ec2::DeleteTagsRequest*>(input)->resources.at(0)});
      return aws::make_box(aws::Nothing{});
    }
    if (operation == "StopInstances") {
      for (const std::string& id : static_cast<const ec2::StopInstancesRequest*>(input)->instance_ids) {
        call.transaction.run("UPDATE fake_instance SET state = 'stopping' WHERE id = ?1", {id});
      }
      return aws::make_box(ec2::StopInstancesResult{});
    }
    if (operation == "StartInstances") {
      for (const std::string& id : static_cast<const ec2::StartInstancesRequest*>(input)->instance_ids) {
        call.transaction.run("UPDATE fake_instance SET state = 'pending' WHERE id = ?1", {id});
      }
      return aws::make_box(ec2::StartInstancesResult{});
    }
    CHECK(operation == "TerminateInstances");
    for (const std::string& id : static_cast<const ec2::TerminateInstancesRequest*>(input)->instance_ids) {
      call.transaction.run(
          "UPDATE fake_instance SET state = 'shutting-down' WHERE id = ?1 AND state <> 'terminated'", {id});
    }
    return aws::make_box(ec2::TerminateInstancesResult{});
  }

  aws::Box run_instances(aws::Call& call, const ec2::RunInstancesRequest& request) {
    const bool has_interface = !request.network_interfaces.empty();
    const std::string subnet = *(has_interface ? request.network_interfaces[0].subnet_id : request.subnet_id);
    const std::string zone = zone_of_subnet(subnet);
    if (full_zones.contains(zone)) {
      throw aws::ServiceError("InsufficientInstanceCapacity", 500, "There is no room in " + zone + ".");
    }
    std::string tags;
    for (const ec2::Tag& tag : request.tag_specifications.at(0).tags)
      tags += *tag.key + "=" + *tag.value + " ";
    const int64_t number =
        call.transaction.find("SELECT coalesce(max(number), 0) + 1 FROM fake_instance")->integer(0);
    const std::string id = fmt::format("i-{}", number);
    call.transaction.run(
        "INSERT INTO fake_instance (number, id, subnet, version, tags, state) VALUES (?1, ?2, ?3, ?4, ?5,"
        " 'pending')",
        {number, id, subnet, request.launch_template ? *request.launch_template->version : *request.image_id,
         tags});
    ec2::Reservation result;
    result.instances.push_back({.instance_id = id, .placement = ec2::Placement{.availability_zone = zone}});
    return aws::make_box(std::move(result));
  }

  // Those that fail their checks.
  aws::Box describe_status(aws::Call& call) const {
    ec2::DescribeInstanceStatusResult result;
    for (const sql::Row& row : call.transaction.run(
             "SELECT id, subnet FROM fake_instance WHERE state = 'running' ORDER BY number")) {
      if (!failed_zones.contains(zone_of_subnet(row.text(1)))) continue;
      result.instance_statuses.push_back({.instance_id = row.text(0)});
    }
    return aws::make_box(std::move(result));
  }

  static aws::Box describe_instances(aws::Call& call, const ec2::DescribeInstancesRequest& request) {
    ec2::DescribeInstancesResult result;
    for (const std::string& id : request.filters.empty() ? request.instance_ids : request.filters[0].values) {
      auto row = call.transaction.find("SELECT state, subnet FROM fake_instance WHERE id = ?1", {id});
      if (!row) continue;
      ec2::Instance instance{.instance_id = id, .image_id = "ami-1", .instance_type = "t3.nano"};
      instance.subnet_id = row->text(1);
      instance.placement = ec2::Placement{.availability_zone = zone_of_subnet(row->text(1))};
      instance.state = ec2::InstanceState{.name = row->text(0)};
      result.reservations.emplace_back().instances.push_back(std::move(instance));
    }
    return aws::make_box(std::move(result));
  }

  static void require_target_group(aws::Call& call, const std::string& arn) {
    if (call.transaction.find("SELECT 1 FROM fake_target_group WHERE arn = ?1", {arn})) return;
    throw aws::ServiceError("TargetGroupNotFound", 400, "Target groups '" + arn + "' not found");
  }

  static void require_load_balancer(aws::Call& call, const std::string& name) {
    if (call.transaction.find("SELECT 1 FROM fake_target_group WHERE arn = ?1", {name})) return;
    throw aws::ServiceError("LoadBalancerNotFound", 400, "There is no ACTIVE Load Balancer named '" + name + "'");
  }

  // Classic Load Balancers are among the target groups by their names.
  aws::Box invoke_classic(aws::Call& call, std::string_view operation, const void* input) const {
    if (operation == "DescribeLoadBalancers") {
      for (const std::string& each :
           static_cast<const elb::DescribeAccessPointsInput*>(input)->load_balancer_names) {
        require_load_balancer(call, each);
      }
      return aws::make_box(elb::DescribeAccessPointsOutput{});
    }
    if (operation == "RegisterInstancesWithLoadBalancer") {
      const auto& request = *static_cast<const elb::RegisterEndPointsInput*>(input);
      require_load_balancer(call, request.load_balancer_name);
      call.transaction.run("INSERT INTO fake_target (grp, id, state) VALUES (?1, ?2, 'InService')",
                           {request.load_balancer_name, *request.instances.at(0).instance_id});
      return aws::make_box(elb::RegisterEndPointsOutput{});
    }
    if (operation == "DeregisterInstancesFromLoadBalancer") {
      const auto& request = *static_cast<const elb::DeregisterEndPointsInput*>(input);
      require_load_balancer(call, request.load_balancer_name);
      call.transaction.run("DELETE FROM fake_target WHERE grp = ?1 AND id = ?2",
                           {request.load_balancer_name, *request.instances.at(0).instance_id});
      return aws::make_box(elb::DeregisterEndPointsOutput{});
    }
    CHECK(operation == "DescribeInstanceHealth");
    const auto& request = *static_cast<const elb::DescribeEndPointStateInput*>(input);
    require_load_balancer(call, request.load_balancer_name);
    elb::DescribeEndPointStateOutput result;
    for (const sql::Row& row : call.transaction.run("SELECT id, state FROM fake_target WHERE grp = ?1",
                                                    {request.load_balancer_name})) {
      const bool is_well = row.text(1) == "InService";
      result.instance_states.push_back({.instance_id = row.text(0),
                                        .state = is_well ? "InService" : "OutOfService",
                                        .reason_code = is_well ? "N/A" : row.text(1),
                                        .description = "N/A"});
    }
    return aws::make_box(std::move(result));
  }

  aws::Box invoke_elb(aws::Call& call, std::string_view operation, const void* input) const {
    if (operation == "DescribeTargetGroups") {
      for (const std::string& arn :
           static_cast<const elbv2::DescribeTargetGroupsInput*>(input)->target_group_arns) {
        require_target_group(call, arn);
      }
      return aws::make_box(elbv2::DescribeTargetGroupsOutput{});
    }
    if (operation == "RegisterTargets") {
      const auto& request = *static_cast<const elbv2::RegisterTargetsInput*>(input);
      require_target_group(call, request.target_group_arn);
      call.transaction.run(
          "INSERT INTO fake_target (grp, id, state) VALUES (?1, ?2, 'healthy')"
          " ON CONFLICT (grp, id) DO UPDATE SET state = 'healthy'",
          {request.target_group_arn, request.targets.at(0).id});
      return aws::make_box(elbv2::RegisterTargetsOutput{});
    }
    if (operation == "DeregisterTargets") {
      const auto& request = *static_cast<const elbv2::DeregisterTargetsInput*>(input);
      require_target_group(call, request.target_group_arn);
      call.transaction.run(drains > 0 ? "UPDATE fake_target SET state = 'draining' WHERE grp = ?1 AND id = ?2"
                                      : "DELETE FROM fake_target WHERE grp = ?1 AND id = ?2",
                           {request.target_group_arn, request.targets.at(0).id});
      return aws::make_box(elbv2::DeregisterTargetsOutput{});
    }
    CHECK(operation == "DescribeTargetHealth");
    const auto& request = *static_cast<const elbv2::DescribeTargetHealthInput*>(input);
    require_target_group(call, request.target_group_arn);
    elbv2::DescribeTargetHealthOutput result;
    for (const sql::Row& row : call.transaction.run("SELECT id, state FROM fake_target WHERE grp = ?1",
                                                    {request.target_group_arn})) {
      if (!request.targets.empty() && request.targets.at(0).id != row.text(0)) continue;
      result.target_health_descriptions.push_back(
          {.target = elbv2::TargetDescription{.id = row.text(0)},
           .target_health = elbv2::TargetHealth{.state = row.text(1)}});
    }
    return aws::make_box(std::move(result));
  }
};

// What was measured, as "GroupMaxSize 3".
class KeptMeasures final : public metrics::Recorder {
 public:
  void record(const metrics::Series& series, Time, const metrics::Statistics& measured) override {
    last.push_back(fmt::format("{} {}", series.metric.name, measured.sum));
  }
  std::vector<std::string> last;
};

class GroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database->migrate("autoscaling", migrations());
    database->migrate("fake", {{1, kTestTables}});
    begin();
  }

  // As a daemon does when it starts.
  void begin() {
    events = std::make_unique<aws::Events>();
    jobs = jobs::make_manual_jobs(*database, clock);
    service = std::make_unique<Service>(*jobs, region, *events, meters, clock, random);
    region.autoscaling = service.get();
    region.steps_to_live = -1;
    service->start();
  }

  template <class Op>
  typename Op::Output call(const typename Op::Input& input) {
    typename Op::Output output;
    in_transaction([&](aws::Call& inner) { output = region.call<Op>(inner, inner.principal, input); });
    return output;
  }
  void in_transaction(const std::function<void(aws::Call&)>& work) {
    aws::Caller caller = region.caller(kTestAccount, "eu-west-1", "");
    caller.principal.kind = aws::Principal::Kind::Root;
    region.transact(caller, sql::Access::Write, work);
  }

  // The error an operation ends with: "400 ValidationError: …".
  template <class Op>
  std::string error_of(const typename Op::Input& input) {
    try {
      (void)call<Op>(input);
    } catch (const aws::ServiceError& error) {
      return fmt::format("{} {}: {}", error.http_status, error.code, error.what());
    }
    return "no error";
  }

  // A group "web" of the template's newest version, over three zones unless `more` says otherwise.
  void create(CreateAutoScalingGroupType more) {
    more.auto_scaling_group_name = "web";
    more.launch_template = LaunchTemplateSpecification{.launch_template_id = "lt-1", .version = "$Latest"};
    if (!more.vpc_zone_identifier) more.vpc_zone_identifier = "subnet-a,subnet-b,subnet-c";
    call<CreateAutoScalingGroup>(more);
  }

  // EC2 or a health check says something new.
  void set_state(const std::string& instance, const std::string& state) {
    in_transaction([&](aws::Call& inner) {
      inner.transaction.run("UPDATE fake_instance SET state = ?2 WHERE id = ?1", {instance, state});
      events->publish(inner.transaction, {.type = "ec2.instance-state",
                                          .account = kTestAccount,
                                          .region = "eu-west-1",
                                          .resource = instance,
                                          .detail = state});
    });
  }
  void set_health(const std::string& group, const std::string& instance, const std::string& state) {
    in_transaction([&](aws::Call& inner) {
      inner.transaction.run("UPDATE fake_target SET state = ?3 WHERE grp = ?1 AND id = ?2",
                            {group, instance, state});
      events->publish(inner.transaction, {.type = "elbv2.target-health",
                                          .account = kTestAccount,
                                          .region = "eu-west-1",
                                          .resource = group,
                                          .detail = state});
    });
  }
  // "InService", or the reason why it is not: "ELB", "Instance".
  void set_classic_health(const std::string& name, const std::string& instance, const std::string& state) {
    in_transaction([&](aws::Call& inner) {
      inner.transaction.run("UPDATE fake_target SET state = ?3 WHERE grp = ?1 AND id = ?2",
                            {name, instance, state});
      events->publish(inner.transaction, {.type = "elb.instance-health",
                                          .account = kTestAccount,
                                          .region = "eu-west-1",
                                          .resource = name,
                                          .detail = state});
    });
  }
  // A zone is cut off or comes back: "a", "unavailable".
  void set_zone(const std::string& letter, const std::string& state) {
    const std::string zone = "eu-west-1" + letter;
    if (state == "available") {
      region.failed_zones.erase(zone);
      region.full_zones.erase(zone);
    } else {
      region.failed_zones.insert(zone);
      region.full_zones.insert(zone);
    }
    in_transaction([&](aws::Call& inner) {
      events->publish(inner.transaction, {.type = "ec2.zone-state",
                                          .account = kTestAccount,
                                          .region = "eu-west-1",
                                          .resource = zone,
                                          .detail = state});
    });
  }
  // An alarm says that it is in a state, to a policy.
  void alarm(const std::string& policy, const std::string& detail) {
    in_transaction([&](aws::Call& inner) {
      events->publish(inner.transaction, {.type = "cloudwatch.scaling-action",
                                          .account = kTestAccount,
                                          .region = "eu-west-1",
                                          .resource = policy,
                                          .detail = detail});
    });
  }
  void add_target_group(const std::string& arn) {
    in_transaction([&](aws::Call& inner) {
      inner.transaction.run("INSERT INTO fake_target_group (arn) VALUES (?1)", {arn});
    });
  }

  // Instances begin and end as EC2's do; returns whether any did.
  bool move_instances() {
    bool moved = false;
    for (const auto& [from, to] :
         {std::pair("pending", "running"), std::pair("stopping", "stopped"),
          std::pair("shutting-down", "terminated")}) {
      for (const std::string& id : ids_in_ec2(from)) {
        set_state(id, to);
        moved = true;
      }
    }
    return moved;
  }
  // Until nothing happens any more without time passing.
  void settle() {
    for (int i = 0; i < 100; ++i) {
      const int ran = jobs->run_due();
      if (!move_instances() && ran == 0) return;
    }
    ADD_FAILURE() << "it does not settle";
  }
  void pass(std::chrono::seconds time) {
    for (int64_t i = 0; i < time.count(); ++i) {
      clock.advance(std::chrono::seconds(1));
      settle();
    }
  }

  std::vector<std::string> ids_in_ec2(const std::string& state) {
    std::vector<std::string> ids;
    for (const sql::Row& row :
         database->begin(sql::Access::Read)
             ->run("SELECT id FROM fake_instance WHERE state = ?1 ORDER BY number", {state})) {
      ids.push_back(row.text(0));
    }
    return ids;
  }
  std::string tags_in_ec2(const std::string& instance) {
    return database->begin(sql::Access::Read)
        ->find("SELECT tags FROM fake_instance WHERE id = ?1", {instance})
        ->text(0);
  }
  // "i-1 healthy, i-2 draining"
  std::string targets_of(const std::string& group) {
    std::vector<std::string> targets;
    for (const sql::Row& row :
         database->begin(sql::Access::Read)
             ->run("SELECT id, state FROM fake_target WHERE grp = ?1 ORDER BY id", {group})) {
      targets.push_back(row.text(0) + " " + row.text(1));
    }
    return join(targets, ", ");
  }

  AutoScalingGroup group() {
    auto found = call<DescribeAutoScalingGroups>({.auto_scaling_group_names = {"web"}}).auto_scaling_groups;
    CHECK(found.size() == 1);
    return found.at(0);
  }
  bool group_exists() { return !call<DescribeAutoScalingGroups>({}).auto_scaling_groups.empty(); }
  // "i-1 a InService, i-2 b Pending" by age.
  std::string instances() {
    std::vector<std::string> texts;
    for (const Instance& each : group().instances) {
      texts.push_back(each.instance_id + " " + each.availability_zone.substr(9) + " " + each.lifecycle_state);
    }
    return join(texts, ", ");
  }
  // Its suspended processes.
  std::string suspended() {
    std::vector<std::string> names;
    for (const SuspendedProcess& each : group().suspended_processes) names.push_back(*each.process_name);
    return join(names, " ");
  }
  // "a2 b1"
  std::string zones() {
    std::map<std::string, int> counts;
    for (const Instance& each : group().instances) {
      if (each.lifecycle_state != "Terminating") ++counts[each.availability_zone.substr(9)];
    }
    std::vector<std::string> texts;
    for (const auto& [zone, count] : counts) texts.push_back(zone + std::to_string(count));
    return join(texts, " ");
  }
  std::vector<std::string> ids() {
    std::vector<std::string> all;
    for (const Instance& each : group().instances) all.push_back(each.instance_id);
    return all;
  }
  // The newest first.
  std::vector<Activity> activities() {
    return call<DescribeScalingActivities>({.auto_scaling_group_name = "web", .include_deleted_groups = true})
        .activities;
  }
  void set_desired(int32_t desired) {
    call<SetDesiredCapacity>({.auto_scaling_group_name = "web", .desired_capacity = desired});
  }

  test::FakeClock clock;
  test::SeededRandom random;
  std::unique_ptr<sql::Database> database = sql::open_sqlite(":memory:");
  SmallRegion region{*database, clock};
  std::unique_ptr<aws::Events> events;
  std::unique_ptr<jobs::ManualJobs> jobs;
  KeptMeasures measured;
  metrics::Meters meters{measured};
  std::unique_ptr<Service> service;
};

}  // namespace holm::autoscaling
