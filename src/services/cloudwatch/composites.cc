// Composite alarms follow the states of other alarms at once.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html

#include "services/cloudwatch/composites.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "aws/service/region.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "formats/json.h"
#include "services/cloudwatch/alarm_actions.h"
#include "services/cloudwatch/composite_rule.h"
#include "services/cloudwatch/service.h"

namespace holm::cloudwatch {

namespace {

constexpr char kPrincipal[] = "cloudwatch.amazonaws.com";
constexpr size_t kReasonMax = 1023, kTriggersMax = 20;
constexpr char kByAlarm[] = "Alarm", kByWait[] = "WaitPeriod", kByExtension[] = "ExtensionPeriod";

struct Subject {
  std::string account, region, name;
};

std::string key_of(const AlarmRow& row) { return fmt::format("{}|{}|{}", row.account, row.region, row.name); }

// A name may have bars of its own.
Subject subject_of(const std::string& key) {
  const size_t first = key.find('|');
  const size_t second = key.find('|', first + 1);
  return {key.substr(0, first), key.substr(first + 1, second - first - 1), key.substr(second + 1)};
}

std::vector<AlarmRow> composites_of(Call& call) {
  std::vector<AlarmRow> rows = alarms_of(call);
  std::erase_if(rows, [](const AlarmRow& row) { return !row.composite; });
  return rows;
}

bool depends_on_itself(const std::string& name, const std::map<std::string, AlarmRow>& composites) {
  std::set<std::string> seen;
  std::vector<std::string> next{name};
  while (!next.empty()) {
    const auto found = composites.find(next.back());
    next.pop_back();
    if (found == composites.end()) continue;
    for (const std::string& child : children_of(found->second)) {
      if (child == name) return true;
      if (seen.insert(child).second) next.push_back(child);
    }
  }
  return false;
}

// "Saturday 21 November, 2026 08:00:00 UTC"
std::string long_date(Time time) {
  const std::string text = http_date(time);  // "Sat, 21 Nov 2026 08:00:00 GMT"
  static const std::map<std::string, std::string, std::less<>> words = {
      {"Mon", "Monday"},    {"Tue", "Tuesday"}, {"Wed", "Wednesday"}, {"Thu", "Thursday"}, {"Fri", "Friday"},
      {"Sat", "Saturday"},  {"Sun", "Sunday"},  {"Jan", "January"},   {"Feb", "February"}, {"Mar", "March"},
      {"Apr", "April"},     {"May", "May"},     {"Jun", "June"},      {"Jul", "July"},     {"Aug", "August"},
      {"Sep", "September"}, {"Oct", "October"}, {"Nov", "November"},  {"Dec", "December"}};
  return fmt::format("{} {} {}, {} {} UTC", words.at(text.substr(0, 3)), text.substr(5, 2),
                     words.at(text.substr(8, 3)), text.substr(12, 4), text.substr(17, 8));
}

// Who is to blame: the children that changed last.
StateChange change_of(const AlarmRow& row, AlarmState state, std::vector<AlarmRow> children) {
  std::ranges::sort(children, std::greater(), &AlarmRow::transitioned);
  StateChange change{.state = state};
  const bool is_first = row.reason.starts_with("Unchecked:");
  if (is_first || children.empty()) {
    change.reason =
        fmt::format("{} was created and its alarm rule evaluates to {}", arn_of(row), name_of(state));
  } else {
    const AlarmRow& newest = children.front();
    change.reason = fmt::format("{} transitioned to {} at {}", arn_of(newest), name_of(newest.state),
                                long_date(newest.transitioned));
  }
  if (change.reason.size() > kReasonMax) change.reason.resize(kReasonMax);
  formats::Array triggers;
  for (const AlarmRow& child : children) {
    if (child.state != AlarmState::Alarm || triggers.size() == kTriggersMax) continue;
    formats::Object told, told_state;
    told.set("arn", arn_of(child));
    told_state.set("value", name_of(child.state));
    told_state.set("timestamp", replace_all(iso8601_milliseconds(child.transitioned), "Z", "+0000"));
    told.set("state", std::move(told_state));
    triggers.emplace_back(std::move(told));
  }
  formats::Object data;
  data.set("triggeringAlarms", std::move(triggers));
  change.reason_data = formats::write_json(data);
  return change;
}

void evaluate(Service& service, Call& call, const AlarmRow& row) {
  std::map<std::string, AlarmRow> alarms, composites;
  for (AlarmRow& each : alarms_of(call)) {
    if (each.composite) composites.emplace(each.name, each);
    alarms.emplace(each.name, std::move(each));
  }
  const auto rule = CompositeRule::parse(row.composite->alarm_rule);
  if (!rule || depends_on_itself(row.name, composites)) return;
  const bool holds = rule->holds([&](const std::string& alarm) {
    const auto found = alarms.find(name_in_rule(alarm));
    return found == alarms.end() ? AlarmState::InsufficientData : found->second.state;
  });
  const AlarmState state = holds ? AlarmState::Alarm : AlarmState::Ok;
  if (state == row.state) return;
  std::vector<AlarmRow> children;
  for (const std::string& child : children_of(row)) {
    if (auto found = alarms.find(child); found != alarms.end()) children.push_back(found->second);
  }
  change_state(service, call, row, change_of(row, state, std::move(children)));
}

// What becomes of the actions now, and when to look again.
struct Suppression {
  std::optional<std::string> by;
  Time since{};
  std::optional<Time> again;
};

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html#Create_Composite_Alarm_Suppression
Suppression suppression_of(const AlarmRow& row, AlarmState suppressor, Time now) {
  const auto wait = std::chrono::seconds(row.composite->actions_suppressor_wait_period.value_or(0));
  const auto extension = std::chrono::seconds(row.composite->actions_suppressor_extension_period.value_or(0));
  const bool acts = row.state != row.acted.value_or(AlarmState::InsufficientData);
  const std::string by = row.suppressed_by.value_or("");
  auto until = [&](const char* name, Time since, std::chrono::seconds length) {
    if (now >= since + length) return Suppression{};
    return Suppression{name, since, since + length};
  };
  if (suppressor == AlarmState::Alarm) {
    if (by.empty() && !acts) return {};
    return {kByAlarm, by == kByAlarm ? row.suppressed_since : now, std::nullopt};
  }
  if (by == kByAlarm) return until(kByExtension, now, extension);
  if (by == kByExtension) return until(kByExtension, row.suppressed_since, extension);
  if (by == kByWait) return until(kByWait, row.suppressed_since, wait);
  return acts ? until(kByWait, now, wait) : Suppression{};
}

std::optional<Time> settle_suppression(Service& service, Call& call, AlarmRow row) {
  if (!row.composite->actions_suppressor) return std::nullopt;
  const auto suppressor = find_alarm(call, name_in_rule(*row.composite->actions_suppressor));
  const Suppression now =
      suppression_of(row, suppressor ? suppressor->state : AlarmState::InsufficientData, call.now);
  if (now.by && now.by != row.suppressed_by) {
    formats::Object data;
    data.set("version", "1.0");
    data.set("actionState", "Suppressed");
    data.set("suppressedBy", *now.by);
    add_history(call, row.name,
                {.type = "Action",
                 .summary = fmt::format("Actions suppressed by {}", *now.by),
                 .data = formats::write_json(data)});
  }
  row.suppressed_by = now.by;
  row.suppressed_since = now.since;
  const AlarmState acted = row.acted.value_or(AlarmState::InsufficientData);
  const bool acts = !now.by && row.state != acted;
  if (acts) row.acted = row.state;
  keep_alarm(call, row);
  if (acts) {
    AlarmRow before = row;
    before.state = acted;
    schedule_actions(service, call, before, row);
  }
  return now.again;
}

}  // namespace

std::string name_in_rule(const std::string& alarm) {
  const size_t at = alarm.starts_with("arn:") ? alarm.find(":alarm:") : std::string::npos;
  return at == std::string::npos ? alarm : alarm.substr(at + 7);
}

std::vector<std::string> children_of(const AlarmRow& composite) {
  std::vector<std::string> names;
  if (const auto rule = CompositeRule::parse(composite.composite->alarm_rule)) {
    for (const std::string& alarm : rule->alarms()) names.push_back(name_in_rule(alarm));
  }
  return names;
}

std::vector<std::string> parents_of(Call& call, const std::string& name) {
  std::vector<std::string> parents;
  for (const AlarmRow& row : composites_of(call)) {
    const auto children = children_of(row);
    if (std::ranges::find(children, name) != children.end()) parents.push_back(row.name);
  }
  return parents;
}

void schedule_composites(Service& service, Call& call, const AlarmRow& changed) {
  const bool has_any = call.transaction
                           .find(
                               "SELECT 1 FROM cloudwatch_alarm WHERE account = ?1 AND region = ?2"
                               " AND composite IS NOT NULL LIMIT 1",
                               {call.account, call.region})
                           .has_value();
  if (!has_any) return;
  jobs::Jobs& jobs = service.use().jobs;
  for (const AlarmRow& row : composites_of(call)) {
    const auto children = children_of(row);
    const auto suppressor = row.composite->actions_suppressor;
    if (std::ranges::find(children, changed.name) != children.end()) {
      jobs.schedule(call.transaction, {.kind = kCompositeJob, .key = key_of(row)}, call.now);
    }
    if (suppressor && (name_in_rule(*suppressor) == changed.name || row.name == changed.name)) {
      jobs.schedule(call.transaction, {.kind = kSuppressionJob, .key = key_of(row)}, call.now);
    }
  }
}

void check_deletion(Call& call, const std::vector<std::string>& names) {
  size_t composites = 0;
  for (const std::string& name : names) {
    const auto row = find_alarm(call, name);
    if (!row) continue;
    if (row->composite && ++composites > 1) {
      throw aws::ServiceError("ValidationError", 400,
                              "More than one composite alarm cannot be deleted in one operation.");
    }
    for (const std::string& parent : parents_of(call, name)) {
      if (parent == name || std::ranges::find(names, parent) != names.end()) continue;
      throw aws::ServiceError(
          "ValidationError", 400,
          fmt::format("Cannot delete {} as there are composite alarm(s) depending on it.", name));
    }
  }
}

jobs::Outcome evaluate_composite(Service& service, const jobs::Job& job) {
  const Subject subject = subject_of(job.key);
  aws::Region& region = service.use().region;
  const aws::Caller caller = region.caller(subject.account, subject.region, kPrincipal);
  region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    const auto row = find_alarm(call, subject.name);
    if (row && row->composite) evaluate(service, call, *row);
  });
  return jobs::done();
}

jobs::Outcome suppress(Service& service, const jobs::Job& job) {
  const Subject subject = subject_of(job.key);
  aws::Region& region = service.use().region;
  std::optional<Time> again;
  const aws::Caller caller = region.caller(subject.account, subject.region, kPrincipal);
  region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    const auto row = find_alarm(call, subject.name);
    if (row && row->composite) again = settle_suppression(service, call, *row);
  });
  return again ? jobs::again_at(*again) : jobs::done();
}

}  // namespace holm::cloudwatch
