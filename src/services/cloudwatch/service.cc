// Permissions, and what has to be done every minute.

#include "services/cloudwatch/service.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/log.h"
#include "cloudwatch/handlers.h"
#include "jobs/jobs.h"
#include "metrics/meters.h"
#include "metrics/store.h"
#include "services/cloudwatch/alarm_actions.h"
#include "services/cloudwatch/alarm_controller.h"
#include "services/cloudwatch/composites.h"
#include "services/cloudwatch/dashboards.h"

namespace holm::cloudwatch {

namespace {

constexpr async::Duration kSettleEvery{5000};
constexpr size_t kKeeperQueueMax = 16;
constexpr std::chrono::minutes kMinute{1};

Time minute_of(Time time) { return std::chrono::floor<std::chrono::minutes>(time); }

}  // namespace

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
std::vector<aws::Access> Service::access(const aws::Operation& operation, const void* input,
                                         aws::Call& call) const {
  std::vector<aws::Access> needed = aws::ServiceBase::access(operation, input, call);
  if (operation.name == "PutMetricData") {
    needed[0].context["cloudwatch:namespace"] = {static_cast<const PutMetricDataInput*>(input)->namespace_};
  }
  auto require = [&](const std::string& arn) {
    needed.push_back({.action = fmt::format("cloudwatch:{}", operation.name), .resource = arn});
  };
  auto on = [&](const std::vector<std::string>& names) {
    needed.clear();
    for (const std::string& name : names) require(aws::arn("cloudwatch", call, "alarm:" + name));
  };
  auto on_dashboards = [&](const std::vector<std::string>& names) {
    needed.clear();
    for (const std::string& name : names) require(dashboard_arn(call, name));
  };
  const std::string_view name = operation.name;
  if (name == "PutMetricAlarm") on({static_cast<const PutMetricAlarmInput*>(input)->alarm_name});
  if (name == "PutCompositeAlarm") on({static_cast<const PutCompositeAlarmInput*>(input)->alarm_name});
  if (name == "SetAlarmState") on({static_cast<const SetAlarmStateInput*>(input)->alarm_name});
  if (name == "DeleteAlarms") on(static_cast<const DeleteAlarmsInput*>(input)->alarm_names);
  if (name == "EnableAlarmActions") on(static_cast<const EnableAlarmActionsInput*>(input)->alarm_names);
  if (name == "DisableAlarmActions") on(static_cast<const DisableAlarmActionsInput*>(input)->alarm_names);
  if (name == "PutDashboard") on_dashboards({static_cast<const PutDashboardInput*>(input)->dashboard_name});
  if (name == "GetDashboard") on_dashboards({static_cast<const GetDashboardInput*>(input)->dashboard_name});
  if (name == "DeleteDashboards") {
    on_dashboards(static_cast<const DeleteDashboardsInput*>(input)->dashboard_names);
  }
  if (name == "TagResource") needed[0].resource = static_cast<const TagResourceInput*>(input)->resource_arn;
  if (name == "UntagResource")
    needed[0].resource = static_cast<const UntagResourceInput*>(input)->resource_arn;
  if (name == "ListTagsForResource") {
    needed[0].resource = static_cast<const ListTagsForResourceInput*>(input)->resource_arn;
  }
  return needed;
}

void Service::take_jobs() {
  dependencies_.jobs.handle(kEvaluationJob, [this](const jobs::Job&) { return evaluate_alarms(*this); });
  dependencies_.jobs.handle(kCompositeJob,
                            [this](const jobs::Job& job) { return evaluate_composite(*this, job); });
  dependencies_.jobs.handle(kSuppressionJob, [this](const jobs::Job& job) { return suppress(*this, job); });
  dependencies_.jobs.handle(kActionJob, [this](const jobs::Job& job) { return perform_action(*this, job); });
}

void Service::start() {
  take_jobs();
  keeper_ = std::make_unique<async::Workers>(1, kKeeperQueueMax);
  reactor_ = &dependencies_.region.any_reactor();
  reactor_->call([this] {
    minute_read_ = minute_of(dependencies_.clock.now());
    timer_ = std::make_unique<async::Timer>(*reactor_, [this] { tick(); });
    timer_->arm(kSettleEvery);
  });
}

void Service::alarms_changed(aws::Call& call) {
  dependencies_.jobs.schedule(call.transaction, {.kind = kEvaluationJob, .key = "all"},
                              dependencies_.clock.now());
}

void Service::stop() {
  if (reactor_) reactor_->call([this] { timer_.reset(); });
  keeper_.reset();
}

void Service::tick() {
  const Time now = dependencies_.clock.now();
  const Time minute = minute_of(now);
  bool is_taken = true;
  if (minute != minute_read_) {
    // Of a minute that has ended: what was measured since is about it.
    const Time ended = minute - kMinute;
    is_taken = keeper_->try_post([this, ended] { read_meters(ended); });
    minute_read_ = minute;
  } else {
    is_taken = keeper_->try_post([this] { dependencies_.store.settle(); });
  }
  if (!is_taken) log::warning("metrics are not kept up with: the disk or the machine is too slow");
  timer_->arm(std::min(kSettleEvery, std::chrono::ceil<async::Duration>(minute + kMinute - now)));
}

void Service::read_meters(Time minute) {
  dependencies_.meters.read_all(minute);
  evaluate_measured_alarms(*this, minute + kMinute);
  dependencies_.store.settle();
  dependencies_.store.maintain();
}

}  // namespace holm::cloudwatch
