// Lifecycle hooks and scheduled actions.

#include "services/autoscaling/test_place.h"

namespace holm::autoscaling {

namespace {

using std::chrono::seconds;

class HookTest : public GroupTest {
 protected:
  void put(const std::string& name, const std::string& transition, const std::string& otherwise = "ABANDON") {
    PutLifecycleHookType hook{.lifecycle_hook_name = name,
                              .auto_scaling_group_name = "web",
                              .lifecycle_transition = "autoscaling:EC2_INSTANCE_" + transition};
    hook.heartbeat_timeout = 60;
    hook.default_result = otherwise;
    call<PutLifecycleHook>(hook);
  }
  void complete(const std::string& name, const std::string& instance, const std::string& result) {
    call<CompleteLifecycleAction>(action(name, instance, result));
  }
  static CompleteLifecycleActionType action(const std::string& name, const std::string& instance,
                                            const std::string& result) {
    CompleteLifecycleActionType action{.lifecycle_hook_name = name, .auto_scaling_group_name = "web"};
    action.lifecycle_action_result = result;
    action.instance_id = instance;
    return action;
  }
};

TEST_F(HookTest, InstancesWaitBeforeTheyComeIntoService) {
  add_target_group("tg");
  create({.min_size = 0, .max_size = 2, .target_group_arns = {"tg"}});
  put("install", "LAUNCHING");
  put("announce", "LAUNCHING");
  set_desired(1);
  settle();
  EXPECT_EQ(instances(), "i-1 a Pending:Wait");
  EXPECT_EQ(targets_of("tg"), "");
  complete("install", "i-1", "CONTINUE");
  settle();
  EXPECT_EQ(instances(), "i-1 a Pending:Wait") << "for the other one";
  EXPECT_EQ(error_of<CompleteLifecycleAction>(action("install", "i-1", "CONTINUE")),
            "400 ValidationError: No active Lifecycle Action found with instance ID i-1");
  complete("announce", "i-1", "CONTINUE");
  settle();
  EXPECT_EQ(instances(), "i-1 a InService");
  EXPECT_EQ(targets_of("tg"), "i-1 healthy");
}

TEST_F(HookTest, FirstInstancesWaitForThoseThatTheGroupIsMadeWith) {
  LifecycleHookSpecification hook;
  hook.lifecycle_hook_name = "install";
  hook.lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING";
  CreateAutoScalingGroupType request{.min_size = 1, .max_size = 2};
  request.lifecycle_hook_specification_list = {hook};
  create(request);
  settle();
  EXPECT_EQ(instances(), "i-1 a Pending:Wait");
  complete("install", "i-1", "CONTINUE");
  settle();
  EXPECT_EQ(instances(), "i-1 a InService");
}

TEST_F(HookTest, WhoIsAbandonedIsReplaced) {
  create({.min_size = 0, .max_size = 2});
  put("install", "LAUNCHING");
  set_desired(1);
  settle();
  complete("install", "i-1", "ABANDON");
  settle();
  EXPECT_EQ(instances(), "i-2 a Pending:Wait");
  const std::string words = activities().at(2).status_message.value_or("");
  EXPECT_EQ(activities().at(2).status_code, "Cancelled");
  EXPECT_TRUE(words.ends_with("was abandoned: Lifecycle Action Completed with ABANDON Result")) << words;
}

TEST_F(HookTest, ItsTimeEndsUnlessItIsKeptAlive) {
  create({.min_size = 0, .max_size = 2});
  put("install", "LAUNCHING", "CONTINUE");
  set_desired(1);
  settle();
  pass(seconds(50));
  RecordLifecycleActionHeartbeatType beat{.lifecycle_hook_name = "install", .auto_scaling_group_name = "web"};
  beat.instance_id = "i-1";
  call<RecordLifecycleActionHeartbeat>(beat);
  pass(seconds(59));
  EXPECT_EQ(instances(), "i-1 a Pending:Wait");
  pass(seconds(1));
  EXPECT_EQ(instances(), "i-1 a InService");
}

TEST_F(HookTest, InstancesWaitBeforeTheyAreTerminated) {
  create({.min_size = 0, .max_size = 2, .desired_capacity = 1});
  settle();
  put("drain", "TERMINATING");
  set_desired(0);
  settle();
  EXPECT_EQ(instances(), "i-1 a Terminating:Wait");
  EXPECT_EQ(ids_in_ec2("running").size(), 1u);
  complete("drain", "i-1", "ABANDON");
  settle();
  EXPECT_EQ(instances(), "");
  EXPECT_EQ(ids_in_ec2("terminated").size(), 1u);
}

TEST_F(HookTest, NobodyWaitsWhenTheGroupIsDeletedByForce) {
  create({.min_size = 0, .max_size = 2, .desired_capacity = 2});
  settle();
  put("drain", "TERMINATING");
  set_desired(1);
  settle();
  call<DeleteAutoScalingGroup>({.auto_scaling_group_name = "web", .force_delete = true});
  pass(seconds(10));
  EXPECT_FALSE(group_exists());
  EXPECT_EQ(ids_in_ec2("terminated").size(), 2u);
}

TEST_F(HookTest, ADeletedHookIsNotWaitedFor) {
  create({.min_size = 0, .max_size = 2});
  put("install", "LAUNCHING");
  set_desired(1);
  settle();
  call<DeleteLifecycleHook>({.lifecycle_hook_name = "install", .auto_scaling_group_name = "web"});
  settle();
  EXPECT_EQ(instances(), "i-1 a InService");
}

TEST_F(HookTest, ScheduledActionsChangeTheSizes) {
  create({.min_size = 0, .max_size = 2});
  PutScheduledUpdateGroupActionType once{.auto_scaling_group_name = "web", .scheduled_action_name = "open"};
  once.start_time = clock.now() + seconds(60);
  once.min_size = once.max_size = once.desired_capacity = 3;
  call<PutScheduledUpdateGroupAction>(once);
  PutScheduledUpdateGroupActionType often{.auto_scaling_group_name = "web", .scheduled_action_name = "shut"};
  often.recurrence = "*/5 * * * *";
  often.min_size = often.desired_capacity = 0;
  call<PutScheduledUpdateGroupAction>(often);
  pass(seconds(59));
  EXPECT_EQ(ids().size(), 0u);
  pass(seconds(1));
  EXPECT_EQ(ids().size(), 3u);
  EXPECT_EQ(
      activities().at(0).cause.substr(0, 154),
      "At 2026-01-01T00:01:00Z a scheduled action update of AutoScalingGroup constraints to min: 3, max: 3, "
      "desired: 3 changing the desired capacity from 0 to 3.");
  EXPECT_EQ(call<DescribeScheduledActions>({}).scheduled_update_group_actions.size(), 1u) << "once is over";
  pass(seconds(240));
  EXPECT_EQ(ids().size(), 0u);
  EXPECT_EQ(*call<DescribeScheduledActions>({}).scheduled_update_group_actions.at(0).start_time,
            clock.now() + std::chrono::minutes(5));
  call<SuspendProcesses>({.auto_scaling_group_name = "web", .scaling_processes = {"ScheduledActions"}});
  set_desired(1);
  pass(seconds(301));
  EXPECT_EQ(ids().size(), 1u);
}

TEST_F(HookTest, RefusesActionsThatCannotBe) {
  create({.min_size = 0, .max_size = 2});
  auto refusal = [&](PutScheduledUpdateGroupActionType action) {
    action.auto_scaling_group_name = "web";
    action.scheduled_action_name = "x";
    return error_of<PutScheduledUpdateGroupAction>(action);
  };
  EXPECT_EQ(refusal({.start_time = clock.now() - seconds(1), .min_size = 1}),
            "400 ValidationError: Given start time is in the past");
  EXPECT_EQ(refusal({.recurrence = "never", .min_size = 1}),
            "400 ValidationError: Given recurrence string: never is invalid");
  EXPECT_EQ(refusal({.recurrence = "* * * * *"}),
            "400 ValidationError: At least one of MinSize, MaxSize and DesiredCapacity is needed.");
  EXPECT_EQ(error_of<DeleteScheduledAction>({.auto_scaling_group_name = "web", .scheduled_action_name = "x"}),
            "400 ValidationError: Scheduled action name not found");
}

}  // namespace

}  // namespace holm::autoscaling
