// AWS::CloudWatch::Alarm, AWS::CloudWatch::CompositeAlarm and AWS::CloudWatch::Dashboard.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudwatch-alarm.html

#include "services/cloudwatch/resources.h"

#include "aws/service/error.h"
#include "cloudwatch/operations.h"
#include "stacks/numbers.h"

namespace holm::cloudwatch {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Removal;
using stacks::Update;

constexpr size_t kNameMax = 255;

constexpr PropertySchema kDimension[] = {{.name = "Name", .presence = Presence::Required},
                                         {.name = "Value", .presence = Presence::Required}};
constexpr PropertySchema kMetric[] = {{.name = "Namespace"},
                                      {.name = "MetricName"},
                                      {.name = "Dimensions",
                                       .kind = PropertyKind::List,
                                       .element = PropertyKind::Object,
                                       .members = kDimension}};
constexpr PropertySchema kMetricStat[] = {
    {.name = "Metric", .kind = PropertyKind::Object, .presence = Presence::Required, .members = kMetric},
    {.name = "Period", .kind = PropertyKind::Integer, .presence = Presence::Required},
    {.name = "Stat", .presence = Presence::Required},
    {.name = "Unit"}};
constexpr PropertySchema kQuery[] = {
    {.name = "Id", .presence = Presence::Required},
    {.name = "AccountId"},
    {.name = "Expression"},
    {.name = "Label"},
    {.name = "MetricStat", .kind = PropertyKind::Object, .members = kMetricStat},
    {.name = "Period", .kind = PropertyKind::Integer},
    {.name = "ReturnData", .kind = PropertyKind::Boolean}};
constexpr PropertySchema kAlarm[] = {
    {.name = "AlarmName", .update = Update::Replacement},
    {.name = "AlarmDescription"},
    {.name = "ActionsEnabled", .kind = PropertyKind::Boolean},
    {.name = "AlarmActions", .kind = PropertyKind::List},
    {.name = "OKActions", .kind = PropertyKind::List},
    {.name = "InsufficientDataActions", .kind = PropertyKind::List},
    {.name = "ComparisonOperator", .presence = Presence::Required},
    {.name = "EvaluationPeriods", .kind = PropertyKind::Integer, .presence = Presence::Required},
    {.name = "DatapointsToAlarm", .kind = PropertyKind::Integer},
    {.name = "Threshold", .kind = PropertyKind::Number},
    {.name = "TreatMissingData"},
    {.name = "EvaluateLowSampleCountPercentile"},
    {.name = "Namespace"},
    {.name = "MetricName"},
    {.name = "Dimensions",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = kDimension},
    {.name = "Period", .kind = PropertyKind::Integer},
    {.name = "Statistic"},
    {.name = "ExtendedStatistic"},
    {.name = "Unit"},
    {.name = "Metrics", .kind = PropertyKind::List, .element = PropertyKind::Object, .members = kQuery},
    {.name = "Tags",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = stacks::kTagSchema}};

std::vector<Dimension> dimensions_in(const Properties& properties) {
  std::vector<Dimension> dimensions;
  for (const Properties& each : properties.objects("Dimensions")) {
    dimensions.push_back({.name = each.text("Name"), .value = each.text("Value")});
  }
  return dimensions;
}

MetricDataQuery query_in(const Properties& properties) {
  MetricDataQuery query{.id = properties.text("Id"),
                        .expression = properties.find_text("Expression"),
                        .label = properties.find_text("Label"),
                        .return_data = properties.find_boolean("ReturnData"),
                        .period = stacks::number(properties, "Period"),
                        .account_id = properties.find_text("AccountId")};
  auto stat = properties.find_object("MetricStat");
  if (!stat) return query;
  const Properties metric = stat->find_object("Metric").value();
  MetricStat& asked = query.metric_stat.emplace();
  asked.metric = {.namespace_ = metric.find_text("Namespace"),
                  .metric_name = metric.find_text("MetricName"),
                  .dimensions = dimensions_in(metric)};
  asked.period = static_cast<int32_t>(stat->integer("Period", 0));
  asked.stat = stat->text("Stat");
  asked.unit = stat->find_text("Unit");
  return query;
}

PutMetricAlarmInput request_of(const std::string& name, const Properties& wanted) {
  PutMetricAlarmInput request{
      .alarm_name = name,
      .alarm_description = wanted.find_text("AlarmDescription"),
      .actions_enabled = wanted.find_boolean("ActionsEnabled"),
      .ok_actions = wanted.texts("OKActions"),
      .alarm_actions = wanted.texts("AlarmActions"),
      .insufficient_data_actions = wanted.texts("InsufficientDataActions"),
      .metric_name = wanted.find_text("MetricName"),
      .namespace_ = wanted.find_text("Namespace"),
      .statistic = wanted.find_text("Statistic"),
      .extended_statistic = wanted.find_text("ExtendedStatistic"),
      .dimensions = dimensions_in(wanted),
      .period = stacks::number(wanted, "Period"),
      .unit = wanted.find_text("Unit"),
      .evaluation_periods = stacks::number(wanted, "EvaluationPeriods"),
      .datapoints_to_alarm = stacks::number(wanted, "DatapointsToAlarm"),
      .threshold = wanted.find_number("Threshold"),
      .comparison_operator = wanted.find_text("ComparisonOperator"),
      .treat_missing_data = wanted.find_text("TreatMissingData"),
      .evaluate_low_sample_count_percentile = wanted.find_text("EvaluateLowSampleCountPercentile")};
  for (const Properties& each : wanted.objects("Metrics")) request.metrics.push_back(query_in(each));
  return request;
}

std::string arn_of(Context& context, const std::string& name) {
  return aws::arn("cloudwatch", context.call, "alarm:" + name);
}

// Tags are changed by themselves once an alarm is there.
void update_tags(Context& context, const Existing& was, const Properties& wanted) {
  const auto now = context.tags(wanted.tags());
  TagResourceInput put{.resource_arn = arn_of(context, was.physical_id)};
  for (const stacks::Tag& tag : now) put.tags.push_back({.key = tag.key, .value = tag.value});
  const UntagResourceInput gone{.resource_arn = put.resource_arn,
                                .tag_keys = stacks::keys_gone(was, was.properties.tags(), now)};
  if (!gone.tag_keys.empty()) context.invoke<UntagResource>(gone);
  context.invoke<TagResource>(put);
}

// Putting an alarm would change one that is somebody else's.
void require_new(Context& context, const std::string& name) {
  const auto found = context.invoke<DescribeAlarms>(
      {.alarm_names = {name}, .alarm_types = {"MetricAlarm", "CompositeAlarm"}});
  if (found.metric_alarms.empty() && found.composite_alarms.empty()) return;
  throw aws::ServiceError("AlreadyExists", 400, name + " already exists");
}

class AlarmType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::CloudWatch::Alarm"; }
  std::span<const PropertySchema> properties() const override { return kAlarm; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    const std::string name = wanted.find_text("AlarmName").value_or(context.name(kNameMax));
    require_new(context, name);
    PutMetricAlarmInput request = request_of(name, wanted);
    for (const stacks::Tag& tag : context.tags(wanted.tags())) {
      request.tags.push_back({.key = tag.key, .value = tag.value});
    }
    context.invoke<PutMetricAlarm>(request);
    Created result{.physical_id = name};
    result.attributes.set("Arn", arn_of(context, name));
    return result;
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    context.invoke<PutMetricAlarm>(request_of(was.physical_id, wanted));
    update_tags(context, was, wanted);
  }

  void remove(Context& context, const Existing& resource, Removal) const override {
    context.invoke<DeleteAlarms>({.alarm_names = {resource.physical_id}});
  }

 private:
  static constexpr std::string_view kAttributes[] = {"Arn"};
};

constexpr PropertySchema kComposite[] = {
    {.name = "AlarmName", .update = Update::Replacement},
    {.name = "AlarmRule", .presence = Presence::Required},
    {.name = "AlarmDescription"},
    {.name = "ActionsEnabled", .kind = PropertyKind::Boolean},
    {.name = "AlarmActions", .kind = PropertyKind::List},
    {.name = "OKActions", .kind = PropertyKind::List},
    {.name = "InsufficientDataActions", .kind = PropertyKind::List},
    {.name = "ActionsSuppressor"},
    {.name = "ActionsSuppressorWaitPeriod", .kind = PropertyKind::Integer},
    {.name = "ActionsSuppressorExtensionPeriod", .kind = PropertyKind::Integer},
    {.name = "Tags",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = stacks::kTagSchema}};

PutCompositeAlarmInput composite_of(const std::string& name, const Properties& wanted) {
  return {.actions_enabled = wanted.find_boolean("ActionsEnabled"),
          .alarm_actions = wanted.texts("AlarmActions"),
          .alarm_description = wanted.find_text("AlarmDescription"),
          .alarm_name = name,
          .alarm_rule = wanted.text("AlarmRule"),
          .insufficient_data_actions = wanted.texts("InsufficientDataActions"),
          .ok_actions = wanted.texts("OKActions"),
          .actions_suppressor = wanted.find_text("ActionsSuppressor"),
          .actions_suppressor_wait_period = stacks::number(wanted, "ActionsSuppressorWaitPeriod"),
          .actions_suppressor_extension_period = stacks::number(wanted, "ActionsSuppressorExtensionPeriod")};
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudwatch-compositealarm.html
class CompositeAlarmType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::CloudWatch::CompositeAlarm"; }
  std::span<const PropertySchema> properties() const override { return kComposite; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    const std::string name = wanted.find_text("AlarmName").value_or(context.name(kNameMax));
    require_new(context, name);
    PutCompositeAlarmInput request = composite_of(name, wanted);
    for (const stacks::Tag& tag : context.tags(wanted.tags())) {
      request.tags.push_back({.key = tag.key, .value = tag.value});
    }
    context.invoke<PutCompositeAlarm>(request);
    Created result{.physical_id = name};
    result.attributes.set("Arn", arn_of(context, name));
    return result;
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    context.invoke<PutCompositeAlarm>(composite_of(was.physical_id, wanted));
    update_tags(context, was, wanted);
  }

  void remove(Context& context, const Existing& resource, Removal) const override {
    context.invoke<DeleteAlarms>({.alarm_names = {resource.physical_id}});
  }

 private:
  static constexpr std::string_view kAttributes[] = {"Arn"};
};

constexpr PropertySchema kDashboard[] = {{.name = "DashboardName", .update = Update::Replacement},
                                         {.name = "DashboardBody", .presence = Presence::Required}};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudwatch-dashboard.html
class DashboardType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::CloudWatch::Dashboard"; }
  std::span<const PropertySchema> properties() const override { return kDashboard; }
  std::span<const std::string_view> attributes() const override { return {}; }

  Created create(Context& context, const Properties& wanted) const override {
    const std::string name = wanted.find_text("DashboardName").value_or(context.name(kNameMax));
    // Putting it would change one that is somebody else's.
    for (const auto& each :
         context.invoke<ListDashboards>({.dashboard_name_prefix = name}).dashboard_entries) {
      if (each.dashboard_name == name) throw aws::ServiceError("AlreadyExists", 400, name + " already exists");
    }
    context.invoke<PutDashboard>({.dashboard_name = name, .dashboard_body = wanted.text("DashboardBody")});
    return {.physical_id = name};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    context.invoke<PutDashboard>(
        {.dashboard_name = was.physical_id, .dashboard_body = wanted.text("DashboardBody")});
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    context.invoke<DeleteDashboards>({.dashboard_names = {resource.physical_id}});
  }
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types() {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<AlarmType>());
  types.push_back(std::make_unique<CompositeAlarmType>());
  types.push_back(std::make_unique<DashboardType>());
  return types;
}

}  // namespace holm::cloudwatch
