// AWS::Logs::LogGroup and MetricFilter.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-logs-loggroup.html

#include "services/logs/resources.h"

#include "logs/operations.h"

namespace holm::logs {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Removal;
using stacks::Update;

constexpr PropertySchema kLogGroup[] = {{.name = "LogGroupName", .update = Update::Replacement},
                                        {.name = "RetentionInDays", .kind = PropertyKind::Integer},
                                        {.name = "LogGroupClass", .update = Update::Replacement},
                                        {.name = "Tags",
                                         .kind = PropertyKind::List,
                                         .element = PropertyKind::Object,
                                         .members = stacks::kTagSchema}};

void set_retention(Context& context, const std::string& group, const Properties& wanted) {
  if (auto days = wanted.find_integer("RetentionInDays")) {
    context.invoke<PutRetentionPolicy>(
        {.log_group_name = group, .retention_in_days = static_cast<int32_t>(*days)});
  } else {
    context.invoke<DeleteRetentionPolicy>({.log_group_name = group});
  }
}

class LogGroupType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::Logs::LogGroup"; }
  std::span<const PropertySchema> properties() const override { return kLogGroup; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    const std::string group = wanted.find_text("LogGroupName").value_or(context.name(512));
    CreateLogGroupRequest request{.log_group_name = group,
                                  .log_group_class = wanted.find_text("LogGroupClass")};
    for (const stacks::Tag& tag : context.tags(wanted.tags())) request.tags[tag.key] = tag.value;
    context.invoke<CreateLogGroup>(request);
    set_retention(context, group, wanted);
    Created result{.physical_id = group};
    result.attributes.set("Arn", aws::arn("logs", context.call, "log-group:" + group) + ":*");
    return result;
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    set_retention(context, was.physical_id, wanted);
    TagResourceRequest put{.resource_arn = aws::arn("logs", context.call, "log-group:" + was.physical_id)};
    const auto now = context.tags(wanted.tags());
    for (const stacks::Tag& tag : now) put.tags[tag.key] = tag.value;
    const UntagResourceRequest gone{.resource_arn = put.resource_arn,
                                    .tag_keys = stacks::keys_gone(was, was.properties.tags(), now)};
    if (!gone.tag_keys.empty()) context.invoke<UntagResource>(gone);
    if (!put.tags.empty()) context.invoke<TagResource>(put);
  }

  void remove(Context& context, const Existing& resource, Removal) const override {
    // The name itself sorts before every other that begins with it.
    auto found = context.invoke<DescribeLogGroups>({.log_group_name_prefix = resource.physical_id});
    if (found.log_groups.empty() || found.log_groups[0].log_group_name != resource.physical_id) return;
    context.invoke<DeleteLogGroup>({.log_group_name = resource.physical_id});
  }

 private:
  static constexpr std::string_view kAttributes[] = {"Arn"};
};

constexpr PropertySchema kMetricDimension[] = {{.name = "Key", .presence = stacks::Presence::Required},
                                               {.name = "Value", .presence = stacks::Presence::Required}};
constexpr PropertySchema kTransformation[] = {{.name = "MetricName", .presence = stacks::Presence::Required},
                                              {.name = "MetricNamespace", .presence = stacks::Presence::Required},
                                              {.name = "MetricValue", .presence = stacks::Presence::Required},
                                              {.name = "DefaultValue", .kind = PropertyKind::Number},
                                              {.name = "Unit"},
                                              {.name = "Dimensions",
                                               .kind = PropertyKind::List,
                                               .element = PropertyKind::Object,
                                               .members = kMetricDimension}};
constexpr PropertySchema kMetricFilter[] = {
    {.name = "FilterName", .update = Update::Replacement},
    {.name = "LogGroupName", .presence = stacks::Presence::Required, .update = Update::Replacement},
    {.name = "FilterPattern", .presence = stacks::Presence::Required},
    {.name = "MetricTransformations",
     .kind = PropertyKind::List,
     .presence = stacks::Presence::Required,
     .element = PropertyKind::Object,
     .members = kTransformation}};

class MetricFilterType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::Logs::MetricFilter"; }
  std::span<const PropertySchema> properties() const override { return kMetricFilter; }
  std::span<const std::string_view> attributes() const override { return {}; }

  Created create(Context& context, const Properties& wanted) const override {
    Created result{.physical_id = wanted.find_text("FilterName").value_or(context.name(512))};
    put(context, result.physical_id, wanted);
    return result;
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    put(context, was.physical_id, wanted);
  }
  // Its group may have gone before, and the filter with it.
  void remove(Context& context, const Existing& resource, Removal) const override {
    const std::string group = resource.properties.text("LogGroupName");
    for (const MetricFilter& each :
         context.invoke<DescribeMetricFilters>({.filter_name_prefix = resource.physical_id}).metric_filters) {
      if (each.log_group_name != group || each.filter_name != resource.physical_id) continue;
      context.invoke<DeleteMetricFilter>({.log_group_name = group, .filter_name = resource.physical_id});
      return;
    }
  }

 private:
  static void put(Context& context, const std::string& name, const Properties& wanted) {
    PutMetricFilterRequest request{.log_group_name = wanted.text("LogGroupName"),
                                   .filter_name = name,
                                   .filter_pattern = wanted.text("FilterPattern")};
    for (const Properties& each : wanted.objects("MetricTransformations")) {
      MetricTransformation transformation{.metric_name = each.text("MetricName"),
                                          .metric_namespace = each.text("MetricNamespace"),
                                          .metric_value = each.text("MetricValue"),
                                          .default_value = each.find_number("DefaultValue"),
                                          .unit = each.find_text("Unit")};
      for (const Properties& pair : each.objects("Dimensions")) {
        transformation.dimensions[pair.text("Key")] = pair.text("Value");
      }
      request.metric_transformations.push_back(std::move(transformation));
    }
    context.invoke<PutMetricFilter>(request);
  }
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types() {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<LogGroupType>());
  types.push_back(std::make_unique<MetricFilterType>());
  return types;
}

}  // namespace holm::logs
