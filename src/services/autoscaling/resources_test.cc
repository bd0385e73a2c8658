// AWS::AutoScaling::AutoScalingGroup.

#include <algorithm>

#include "formats/json.h"
#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {

namespace {

class GroupType : public GroupTest {
 protected:
  void in_stack(const std::function<void(stacks::Context&)>& work) {
    in_transaction([&](aws::Call& inner) {
      inner.via_service = "cloudformation.amazonaws.com";
      stacks::Context context{.call = inner,
                              .stack_id = "arn:aws:cloudformation:eu-west-1:1:stack/shop/1",
                              .stack_name = "shop",
                              .logical_id = "Web",
                              .type = "AWS::AutoScaling::AutoScalingGroup",
                              .name_suffix = "ABCDEFGHIJKL",
                              .stack_tags = {{"team", "blue"}},
                              .started = clock.now()};
      work(context);
    });
  }
  static formats::Value properties(const std::string& more) {
    return formats::parse_json(R"({"AutoScalingGroupName": "web", "MinSize": 1, "MaxSize": 3,
      "VPCZoneIdentifier": ["subnet-a", "subnet-b"],
      "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"})" +
                               more + "}")
        .value();
  }
  stacks::Progress check(const formats::Value& wanted) {
    stacks::Progress progress;
    in_stack([&](stacks::Context& context) {
      const formats::Object none;
      progress = type().check(context, {"web", none, stacks::Properties(wanted)});
    });
    return progress;
  }
  stacks::ResourceType& type() {
    types = resource_types(*service);
    return *types.at(0);
  }

  // Policies, hooks and scheduled actions of the group.
  int64_t things() {
    return database->begin(sql::Access::Read)
        ->find("SELECT (SELECT count(*) FROM autoscaling_policy) + (SELECT count(*) FROM autoscaling_hook)"
               " + (SELECT count(*) FROM autoscaling_schedule)")
        ->integer(0);
  }

  std::vector<std::unique_ptr<stacks::ResourceType>> types;
};

TEST_F(GroupType, ChangesTagsAndTargetGroupsWithoutReplacement) {
  for (const stacks::PropertySchema& each : type().properties()) {
    const bool is_fixed = each.name == "AutoScalingGroupName" || each.name == "InstanceId";
    EXPECT_EQ(each.update == stacks::Update::Replacement, is_fixed) << each.name;
  }
  add_target_group("old");
  add_target_group("new");
  const formats::Value before = properties(R"(, "TargetGroupARNs": ["old"],
    "Tags": [{"Key": "stage", "Value": "test", "PropagateAtLaunch": true},
             {"Key": "gone", "Value": "soon", "PropagateAtLaunch": true}])");
  in_stack([&](stacks::Context& context) { type().create(context, stacks::Properties(before)); });
  EXPECT_EQ(check(before).state, stacks::Progress::State::InProgress);
  settle();
  EXPECT_EQ(check(before).state, stacks::Progress::State::Ready);
  EXPECT_EQ(tags_in_ec2("i-1"),
            "aws:autoscaling:groupName=web aws:cloudformation:logical-id=Web "
            "aws:cloudformation:stack-id=arn:aws:cloudformation:eu-west-1:1:stack/shop/1 "
            "aws:cloudformation:stack-name=shop gone=soon stage=test team=blue ")
      << "the stack's tags, too";

  const formats::Value after = properties(R"(, "TargetGroupARNs": ["new"],
    "Tags": [{"Key": "stage", "Value": "real", "PropagateAtLaunch": false}])");
  in_stack([&](stacks::Context& context) {
    const formats::Object none;
    type().update(context, {"web", none, stacks::Properties(before)}, stacks::Properties(after));
  });
  settle();
  EXPECT_EQ(targets_of("old"), "");
  EXPECT_EQ(targets_of("new"), "i-1 healthy");
  std::string tags;
  for (const TagDescription& each : group().tags) {
    if (each.key->starts_with("aws:")) continue;
    tags += *each.key + "=" + *each.value + (*each.propagate_at_launch ? "+ " : "- ");
  }
  EXPECT_EQ(tags, "stage=real- team=blue+ ");
  EXPECT_EQ(instances(), "i-1 a InService") << "it is the same instance";
}

TEST_F(GroupType, KeepsSizesThatSomebodyElseSetIfThePolicySaysSo) {
  const formats::Value before = properties(R"(, "DesiredCapacity": 1)");
  in_stack([&](stacks::Context& context) { type().create(context, stacks::Properties(before)); });
  settle();
  struct Case {
    const char* policy;
    const char* change;
    int64_t min;
    int64_t desired;
  };
  const Case cases[] = {
      {R"({"AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": true}})",
       R"(, "DesiredCapacity": 1, "HealthCheckGracePeriod": 7)", 2, 3},
      {R"({"AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": "true"}})",
       R"(, "DesiredCapacity": 2)", 2, 2},
      {R"({"AutoScalingScheduledAction": {"IgnoreUnmodifiedGroupSizeProperties": false}})",
       R"(, "DesiredCapacity": 1, "HealthCheckGracePeriod": 7)", 1, 1},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.policy);
    call<UpdateAutoScalingGroup>(
        {.auto_scaling_group_name = "web", .min_size = 2, .desired_capacity = 3});
    const formats::Value after = properties(each.change);
    const formats::Value policy = formats::parse_json(each.policy).value();
    in_stack([&](stacks::Context& context) {
      context.update_policy = &policy;
      const formats::Object none;
      type().update(context, {"web", none, stacks::Properties(before)}, stacks::Properties(after));
    });
    EXPECT_EQ(group().min_size, each.min);
    EXPECT_EQ(group().desired_capacity, each.desired);
  }
}

TEST_F(GroupType, SuspendsProcessesWhileItReplacesInstances) {
  const formats::Value before = properties("");
  in_stack([&](stacks::Context& context) { type().create(context, stacks::Properties(before)); });
  settle();
  const std::string text =
      replace_all(formats::write_json(before), R"("Version":"1")", R"("Version":"2")");
  const formats::Value after = formats::parse_json(text).value();
  const formats::Value policy = formats::parse_json(R"({"AutoScalingRollingUpdate": {
    "MinInstancesInService": 0, "PauseTime": "PT5S", "SuspendProcesses": ["AZRebalance", "AlarmNotification"]}})")
                                    .value();
  in_stack([&](stacks::Context& context) {
    context.update_policy = &policy;
    const formats::Object none;
    type().update(context, {"web", none, stacks::Properties(before)}, stacks::Properties(after));
  });
  EXPECT_EQ(suspended(), "AZRebalance AlarmNotification");
  EXPECT_EQ(check(after).state, stacks::Progress::State::InProgress);
  settle();
  pass(std::chrono::seconds(20));
  EXPECT_EQ(check(after).state, stacks::Progress::State::Ready);
  EXPECT_EQ(suspended(), "");
  EXPECT_EQ(group().instances.at(0).launch_template->version, "2");
}

// A group of two whose instances are replaced one by one, each of which has to signal.
class SignallingGroup : public GroupType {
 protected:
  void update(const std::string& policy_members) {
    const formats::Value before = properties(R"(, "DesiredCapacity": 2)");
    in_stack([&](stacks::Context& context) { type().create(context, stacks::Properties(before)); });
    settle();
    after = formats::parse_json(
                replace_all(formats::write_json(before), R"("Version":"1")", R"("Version":"2")"))
                .value();
    policy = formats::parse_json(R"({"AutoScalingRollingUpdate": {"MinInstancesInService": "1",
      "WaitOnResourceSignals": "true", "PauseTime": "PT1M")" +
                                 policy_members + "}}")
                 .value();
    pass(std::chrono::seconds(1));
    in_stack([&](stacks::Context& context) {
      context.update_policy = &policy;
      const formats::Object none;
      type().update(context, {"web", none, stacks::Properties(before)}, stacks::Properties(after));
    });
    settle();
  }
  stacks::Progress poll(const stacks::Signals& signals) {
    stacks::Progress progress;
    in_stack([&](stacks::Context& context) {
      context.update_policy = &policy;
      context.signals = [&] { return signals; };
      const formats::Object none;
      progress = type().check(context, {"web", none, stacks::Properties(after)});
    });
    settle();
    return progress;
  }
  // Those of the new version.
  std::string renewed() {
    std::string ids;
    for (const Instance& each : group().instances) {
      if (each.launch_template->version == "2") ids += each.instance_id + " ";
    }
    return ids;
  }

  formats::Value after, policy;
};

TEST_F(SignallingGroup, GoesOnWhenNewInstancesHaveSignalled) {
  using State = stacks::Progress::State;
  update("");
  EXPECT_EQ(renewed(), "i-3 ");
  pass(std::chrono::seconds(30));
  EXPECT_EQ(poll({}).state, State::InProgress);
  EXPECT_EQ(renewed(), "i-3 ") << "nobody has signalled";
  EXPECT_EQ(poll({.successes = {"i-3"}}).state, State::InProgress);
  EXPECT_EQ(renewed(), "i-3 i-4 ");
  EXPECT_EQ(poll({.successes = {"i-3"}}).state, State::InProgress) << "the last one signals, too";
  poll({.successes = {"i-3", "i-4"}});
  EXPECT_EQ(poll({.successes = {"i-3", "i-4"}}).state, State::Ready);
}

TEST_F(SignallingGroup, FailsWhenOneIsLateOrSaysSo) {
  update("");
  EXPECT_EQ(poll({.failures = {"i-3"}}).reason,
            "Received 0 SUCCESS signal(s) out of 2. Unable to satisfy 100% MinSuccessfulInstancesPercent "
            "requirement");
  pass(std::chrono::seconds(90));
  EXPECT_EQ(renewed(), "i-3 ") << "what failed does not go on";
}

TEST_F(SignallingGroup, DoesNotGoOnByItselfWhenThePauseIsOver) {
  update("");
  pass(std::chrono::seconds(61));
  EXPECT_EQ(renewed(), "i-3 ");
  EXPECT_EQ(poll({}).state, stacks::Progress::State::Failed);
}

TEST_F(SignallingGroup, IsContentWithAPartIfThePolicySaysSo) {
  update(R"(, "MinSuccessfulInstancesPercent": 50)");
  EXPECT_EQ(poll({.failures = {"i-3"}}).state, stacks::Progress::State::InProgress);
  EXPECT_EQ(renewed(), "i-3 i-4 ");
  poll({.successes = {"i-4"}, .failures = {"i-3"}});
  EXPECT_EQ(poll({.successes = {"i-4"}, .failures = {"i-3"}}).state, stacks::Progress::State::Ready);
}

TEST_F(GroupType, RefusesWhatNoRollingUpdateCanBe) {
  for (const char* wrong : {R"("PauseTime": "5M")", R"("PauseTime": "PT61M")", R"("SuspendProcesses": ["Sleep"])",
                            R"("MinSuccessfulInstancesPercent": 101)", R"("Nonsense": 1)"}) {
    const formats::Value policy =
        formats::parse_json(std::string(R"({"AutoScalingRollingUpdate": {)") + wrong + "}}").value();
    in_stack([&](stacks::Context& context) {
      context.update_policy = &policy;
      EXPECT_THROW(type().create(context, stacks::Properties(properties(""))), aws::ServiceError) << wrong;
    });
  }
}

TEST_F(GroupType, FailsWithTheReasonOfTheLaunches) {
  region.full_zones = {"eu-west-1a", "eu-west-1b"};
  const formats::Value wanted = properties("");
  in_stack([&](stacks::Context& context) { type().create(context, stacks::Properties(wanted)); });
  settle();
  EXPECT_EQ(check(wanted).state, stacks::Progress::State::InProgress);
  const Time begun = clock.now();
  pass(std::chrono::seconds(60));
  const auto progress = [&] {
    stacks::Progress result;
    in_stack([&](stacks::Context& context) {
      context.started = begun;
      const formats::Object none;
      result = type().check(context, {"web", none, stacks::Properties(wanted)});
    });
    return result;
  }();
  EXPECT_EQ(progress.state, stacks::Progress::State::Failed);
  EXPECT_EQ(progress.reason,
            "Group did not stabilize. {current/minSize/maxSize group size = 0/1/3}. Failed Scaling Activity: "
            "There is no room in eu-west-1b. Launching EC2 instance failed.");
}

TEST_F(GroupType, GoesWithItsInstances) {
  const formats::Value wanted = properties("");
  in_stack([&](stacks::Context& context) { type().create(context, stacks::Properties(wanted)); });
  settle();
  auto removed = [&] {
    stacks::Progress progress;
    in_stack([&](stacks::Context& context) {
      const formats::Object none;
      const stacks::Existing existing{"web", none, stacks::Properties(wanted)};
      type().remove(context, existing, stacks::Removal::Delete);
      progress = type().check_removed(context, existing);
    });
    return progress.state;
  };
  EXPECT_EQ(removed(), stacks::Progress::State::InProgress);
  settle();
  EXPECT_EQ(removed(), stacks::Progress::State::Ready);
  EXPECT_TRUE(ids_in_ec2("running").empty());
}

TEST_F(GroupType, PoliciesHooksAndSchedulesComeAndGoWithTheStack) {
  const formats::Value web = properties("");
  in_stack([&](stacks::Context& context) { type().create(context, stacks::Properties(web)); });
  settle();
  struct Row {
    const char *type, *properties, *changed;
  };
  for (
      const Row& row :
      {Row{"AWS::AutoScaling::ScalingPolicy",
           R"({"AutoScalingGroupName": "web", "PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration":
               {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
                "TargetValue": 50}})",
           R"({"AutoScalingGroupName": "web", "PolicyType": "TargetTrackingScaling", "TargetTrackingConfiguration":
               {"PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
                "TargetValue": 60}})"},
       Row{"AWS::AutoScaling::LifecycleHook",
           R"({"AutoScalingGroupName": "web", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"})",
           R"({"AutoScalingGroupName": "web", "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
                "HeartbeatTimeout": 60})"},
       Row{"AWS::AutoScaling::ScheduledAction",
           R"({"AutoScalingGroupName": "web", "Recurrence": "0 9 * * *", "MinSize": 2})",
           R"({"AutoScalingGroupName": "web", "Recurrence": "0 8 * * *", "MinSize": 2})"}}) {
    SCOPED_TRACE(row.type);
    type();
    auto found =
        std::ranges::find(types, std::string_view(row.type), [](const auto& each) { return each->name(); });
    ASSERT_NE(found, types.end());
    stacks::ResourceType& resource = **found;
    const formats::Value before = formats::parse_json(row.properties).value();
    const formats::Value after = formats::parse_json(row.changed).value();
    stacks::Created created;
    in_stack(
        [&](stacks::Context& context) { created = resource.create(context, stacks::Properties(before)); });
    const stacks::Existing was{created.physical_id, created.attributes, stacks::Properties(before)};
    in_stack([&](stacks::Context& context) { resource.update(context, was, stacks::Properties(after)); });
    EXPECT_EQ(things(), 1);
    for (int i = 0; i < 2; ++i) {
      in_stack([&](stacks::Context& context) { resource.remove(context, was, stacks::Removal::Delete); });
    }
    EXPECT_EQ(things(), 0) << "and removing it again is no failure";
  }
}

}  // namespace

}  // namespace holm::autoscaling
