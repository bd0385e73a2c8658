// The alarms of CloudWatch that scaling policies have.

#include <fmt/format.h>

#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/strings.h"
#include "cloudwatch/operations.h"
#include "services/autoscaling/policies.h"

namespace holm::autoscaling {

namespace {

// https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
// A group grows after three periods above the target and shrinks after fifteen below nine tenths of it.
constexpr int32_t kPeriodDefault = 60;
constexpr int32_t kPeriodsToGrow = 3;
constexpr int32_t kPeriodsToShrink = 15;
constexpr double kLowShare = 0.9;

aws::Principal self(const aws::Call& call) {
  return aws::service_principal("autoscaling.amazonaws.com", call.account);
}

std::string alarm_name(const GroupRow& group, const PolicyRow& policy, std::string_view side) {
  return fmt::format("TargetTracking-{}-Alarm{}-{}", group.name, side, policy.uuid);
}

// "app/web/0123/targetgroup/shop/4567" names the target group "targetgroup/shop/4567".
std::string target_group_of(const PredefinedMetricSpecification& metric) {
  const std::string label = metric.resource_label.value_or("");
  const size_t at = label.find("targetgroup/");
  if (!label.starts_with("app/") || at == std::string::npos) {
    throw_invalid(
        "ResourceLabel of ALBRequestCountPerTarget is app/<load balancer>/<id>/targetgroup/<target "
        "group>/<id>.");
  }
  return label.substr(at);
}

void measure(cloudwatch::PutMetricAlarmInput& alarm, const GroupRow& group,
             const PredefinedMetricSpecification& metric) {
  const std::string& type = metric.predefined_metric_type;
  static constexpr std::string_view kOfInstances[] = {"CPUUtilization", "NetworkIn", "NetworkOut"};
  for (std::string_view name : kOfInstances) {
    const bool is_it = type == "ASGAverage" + std::string(name);
    if (!is_it) continue;
    alarm.namespace_ = "AWS/EC2";
    alarm.metric_name = std::string(name);
    alarm.statistic = "Average";
    alarm.dimensions = {{.name = "AutoScalingGroupName", .value = group.name}};
    return;
  }
  if (type != "ALBRequestCountPerTarget") throw_invalid("Unknown predefined metric type: " + type);
  alarm.namespace_ = "AWS/ApplicationELB";
  alarm.metric_name = "RequestCountPerTarget";
  alarm.statistic = "Sum";
  alarm.dimensions = {{.name = "TargetGroup", .value = target_group_of(metric)}};
}

void measure(cloudwatch::PutMetricAlarmInput& alarm, const CustomizedMetricSpecification& metric) {
  alarm.namespace_ = metric.namespace_;
  alarm.metric_name = metric.metric_name;
  alarm.statistic = metric.statistic;
  alarm.unit = metric.unit;
  alarm.period = metric.period.value_or(kPeriodDefault);
  for (const MetricDimension& each : metric.dimensions) {
    alarm.dimensions.push_back({.name = each.name, .value = each.value});
  }
  if (!alarm.namespace_ || !alarm.metric_name || !alarm.statistic) {
    throw_invalid("A customized metric has Namespace, MetricName and Statistic.");
  }
}

cloudwatch::PutMetricAlarmInput alarm_of(const GroupRow& group, const PolicyRow& policy) {
  const TargetTrackingConfiguration& target = *policy.definition.target_tracking_configuration;
  cloudwatch::PutMetricAlarmInput alarm;
  alarm.period = kPeriodDefault;
  alarm.alarm_actions = {policy.arn};
  alarm.alarm_description =
      fmt::format("DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {}.", policy.arn);
  if (target.predefined_metric_specification) measure(alarm, group, *target.predefined_metric_specification);
  else measure(alarm, *target.customized_metric_specification);
  return alarm;
}

}  // namespace

void put_tracking_alarms(aws::Call& call, const GroupRow& group, const PolicyRow& policy) {
  const TargetTrackingConfiguration& target = *policy.definition.target_tracking_configuration;
  cloudwatch::PutMetricAlarmInput alarm = alarm_of(group, policy);
  alarm.alarm_name = alarm_name(group, policy, "High");
  alarm.comparison_operator = "GreaterThanThreshold";
  alarm.threshold = target.target_value;
  alarm.evaluation_periods = kPeriodsToGrow;
  call.client.call<cloudwatch::PutMetricAlarm>(call, self(call), alarm);
  alarm.alarm_name = alarm_name(group, policy, "Low");
  if (target.disable_scale_in.value_or(false)) {
    call.client.call<cloudwatch::DeleteAlarms>(call, self(call), {.alarm_names = {alarm.alarm_name}});
    return;
  }
  alarm.comparison_operator = "LessThanThreshold";
  alarm.threshold = target.target_value * kLowShare;
  alarm.evaluation_periods = kPeriodsToShrink;
  call.client.call<cloudwatch::PutMetricAlarm>(call, self(call), alarm);
}

void delete_tracking_alarms(aws::Call& call, const GroupRow& group, const PolicyRow& policy) {
  if (policy.type() != kTargetTracking) return;
  cloudwatch::DeleteAlarmsInput gone;
  gone.alarm_names = {alarm_name(group, policy, "High"), alarm_name(group, policy, "Low")};
  call.client.call<cloudwatch::DeleteAlarms>(call, self(call), gone);
}

std::vector<Alarm> alarms_of(aws::Call& call, const PolicyRow& policy) {
  cloudwatch::DescribeAlarmsInput request;
  request.action_prefix = policy.arn;
  std::vector<Alarm> alarms;
  for (const auto& each :
       call.client.call<cloudwatch::DescribeAlarms>(call, self(call), request).metric_alarms) {
    alarms.push_back({.alarm_name = each.alarm_name, .alarm_arn = each.alarm_arn});
  }
  return alarms;
}

void delete_policies(aws::Call& call, const GroupRow& group, const std::vector<PolicyRow>& policies) {
  for (const PolicyRow& each : policies) {
    delete_tracking_alarms(call, group, each);
    call.transaction.run("DELETE FROM autoscaling_policy WHERE id = ?1", {each.id});
  }
}

}  // namespace holm::autoscaling
