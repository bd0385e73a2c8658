// https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-instance-refresh.html

#include "services/autoscaling/refreshes.h"

#include <fmt/format.h>

#include <algorithm>

#include "autoscaling/schema.h"
#include "aws/codec/json_codec.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "cloudwatch/operations.h"

namespace holm::autoscaling {

namespace {

constexpr char kColumns[] =
    "number, grp, id, asked, status, reason, started, ended, total, updated, progressed, checkpoint,"
    " wait_until, rollback_reason, rollback_started, updated_before_rollback, total_before_rollback";

RefreshRow read_refresh(const sql::Row& row) {
  RefreshRow refresh{.number = row.integer(0),
                     .group = row.integer(1),
                     .id = row.text(2),
                     .asked = {},
                     .status = row.text(4),
                     .reason = row.text(5),
                     .started = row.integer(6),
                     .ended = row.optional_integer(7),
                     .total = row.integer(8),
                     .updated = row.integer(9),
                     .progressed = row.integer(10),
                     .checkpoint = row.integer(11),
                     .wait_until = row.integer(12),
                     .rollback_reason = row.optional_text(13),
                     .rollback_started = row.integer(14),
                     .updated_before_rollback = row.integer(15),
                     .total_before_rollback = row.integer(16)};
  CHECK(aws::read_kept_json(row.text(3), shape_of(refresh.asked), &refresh.asked).has_value());
  return refresh;
}

bool moves(const std::string& version) { return version == "$Latest" || version == "$Default"; }

}  // namespace

const LaunchTemplateSpecification* RefreshRow::target() const {
  const bool is_due = is(refresh::kPending) || is(refresh::kInProgress) || is(refresh::kBaking);
  if (!is_due || !asked.desired_configuration || !asked.desired_configuration->launch_template) {
    return nullptr;
  }
  return &*asked.desired_configuration->launch_template;
}

int64_t percent_of(int64_t updated, int64_t total) { return total == 0 ? 100 : updated * 100 / total; }

std::vector<RefreshRow> refreshes_of(sql::Transaction& transaction, int64_t group) {
  std::vector<RefreshRow> rows;
  for (const sql::Row& row : transaction.run(
           fmt::format("SELECT {} FROM autoscaling_refresh WHERE grp = ?1 ORDER BY number DESC", kColumns),
           {group})) {
    rows.push_back(read_refresh(row));
  }
  return rows;
}

std::optional<RefreshRow> active_refresh(sql::Transaction& transaction, int64_t group) {
  auto row = transaction.find(
      fmt::format("SELECT {} FROM autoscaling_refresh WHERE grp = ?1 AND ended IS NULL", kColumns), {group});
  if (!row) return std::nullopt;
  return read_refresh(*row);
}

void insert_refresh(sql::Transaction& transaction, RefreshRow& row) {
  transaction.run(
      "INSERT INTO autoscaling_refresh (grp, id, asked, status, reason, started, progressed)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
      {row.group, row.id, aws::write_kept_json(shape_of(row.asked), &row.asked), row.status, row.reason,
       row.started});
  row.number =
      transaction.find("SELECT number FROM autoscaling_refresh WHERE id = ?1", {row.id})->integer(0);
}

void update_refresh(sql::Transaction& transaction, const RefreshRow& row) {
  transaction.run(
      "UPDATE autoscaling_refresh SET status = ?2, reason = ?3, ended = ?4, total = ?5, updated = ?6,"
      " progressed = ?7, checkpoint = ?8, wait_until = ?9, rollback_reason = ?10, rollback_started = ?11,"
      " updated_before_rollback = ?12, total_before_rollback = ?13 WHERE number = ?1",
      {row.number, row.status, row.reason, sql::optional_value(row.ended), row.total, row.updated,
       row.progressed, row.checkpoint, row.wait_until, sql::optional_value(row.rollback_reason),
       row.rollback_started, row.updated_before_rollback, row.total_before_rollback});
}

std::vector<std::string> instances_to_replace(sql::Transaction& transaction, const RefreshRow& row) {
  std::vector<std::string> ids;
  for (const sql::Row& each : transaction.run(
           "SELECT instance FROM autoscaling_refresh_instance WHERE refresh = ?1", {row.number})) {
    ids.push_back(each.text(0));
  }
  return ids;
}

void write_instances_to_replace(sql::Transaction& transaction, RefreshRow& row,
                                const std::vector<std::string>& ids) {
  transaction.run("DELETE FROM autoscaling_refresh_instance WHERE refresh = ?1", {row.number});
  for (const std::string& id : ids) {
    transaction.run("INSERT INTO autoscaling_refresh_instance (refresh, instance) VALUES (?1, ?2)",
                    {row.number, id});
  }
  row.total = static_cast<int64_t>(ids.size());
  row.updated = 0;
}

bool can_roll_back(const GroupRow& group, const StartInstanceRefreshType& asked) {
  return asked.desired_configuration.has_value() && !moves(group.template_version);
}

void begin_rollback(Service& service, aws::Call& call, const GroupRow& group, RefreshRow& row,
                    const std::string& reason) {
  const TemplateVersion own = resolve_template(call, group);
  row.updated_before_rollback = row.updated;
  row.total_before_rollback = row.total;
  std::vector<std::string> ids;
  for (const InstanceRow& each : instances_of(call.transaction, group.id)) {
    const bool is_own = each.template_id == own.id && each.template_version == own.version;
    if (each.state != "Terminating" && !is_own) ids.push_back(each.id);
  }
  write_instances_to_replace(call.transaction, row, ids);
  row.status = refresh::kRollingBack;
  row.reason = "";
  row.rollback_reason = reason;
  row.rollback_started = row.progressed = to_milliseconds(call.now);
  row.wait_until = 0;
  update_refresh(call.transaction, row);
  service.schedule(call.transaction, group.id);
}

std::vector<std::string> alarms_in_alarm(aws::Call& call, const std::vector<std::string>& alarms) {
  if (alarms.empty()) return {};
  cloudwatch::DescribeAlarmsInput request;
  request.alarm_names = alarms;
  const auto as = aws::service_principal("autoscaling.amazonaws.com", call.account);
  std::vector<std::string> known, alarmed;
  for (const auto& each : call.client.call<cloudwatch::DescribeAlarms>(call, as, request).metric_alarms) {
    known.push_back(each.alarm_name.value_or(""));
    if (each.state_value == "ALARM") alarmed.push_back(known.back());
  }
  for (const std::string& name : alarms) {
    if (std::ranges::find(known, name) == known.end()) throw_invalid("Alarm not found: " + name);
  }
  return alarmed;
}

}  // namespace holm::autoscaling
