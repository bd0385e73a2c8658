// Dashboards: kept as they were given once their body is one.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html

#include "services/cloudwatch/dashboards.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "dashboards/body.h"
#include "formats/json.h"
#include "services/cloudwatch/service.h"
#include "services/cloudwatch/tags.h"

namespace holm::cloudwatch {

namespace {

constexpr size_t kNameMax = 255;
constexpr int64_t kPage = 1000;
// So many faults are told; a body that has more is seldom a dashboard.
constexpr size_t kFaultsTold = 20;

void check_name(const std::string& name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (name.find_first_not_of(kAllowed) != std::string::npos) {
    throw InvalidParameterValueException(
        "The value for field DashboardName contains invalid characters. It can only contain alphanumerics,"
        " dash (-) and underscore (_).\n");
  }
  if (name.empty() || name.size() > kNameMax) {
    throw InvalidParameterValueException(
        fmt::format("The value for field DashboardName has 1 to {} characters.", kNameMax));
  }
}

void check_body(const std::string& body) {
  const auto faults = dashboards::read_body(body).faults;
  if (faults.empty()) return;
  formats::Array told;
  for (const dashboards::Fault& each : faults) {
    if (told.size() == kFaultsTold) break;
    formats::Object object;
    object.append("dataPath", each.path);
    object.append("message", each.message);
    told.emplace_back(std::move(object));
  }
  throw DashboardInvalidInputError(
      fmt::format("The field DashboardBody is invalid, there are {} validation errors: {}", faults.size(),
                  formats::write_json(told)));
}

DashboardNotFoundError not_found(const std::string& name) {
  return DashboardNotFoundError(fmt::format("Dashboard {} does not exist", name));
}

}  // namespace

std::string dashboard_arn(const Call& call, const std::string& name) {
  return fmt::format("arn:aws:cloudwatch::{}:dashboard/{}", call.account, name);
}

bool has_dashboard(Call& call, const std::string& name) {
  return call.transaction
      .find("SELECT 1 FROM cloudwatch_dashboard WHERE account = ?1 AND name = ?2", {call.account, name})
      .has_value();
}

PutDashboardOutput put_dashboard(Service&, Call& call, const PutDashboardInput& request) {
  check_name(request.dashboard_name);
  check_body(request.dashboard_body);
  const bool is_new = !has_dashboard(call, request.dashboard_name);
  call.transaction.run(
      "INSERT INTO cloudwatch_dashboard (account, name, body, changed) VALUES (?1, ?2, ?3, ?4)"
      " ON CONFLICT (account, name) DO UPDATE SET body = excluded.body, changed = excluded.changed",
      {call.account, request.dashboard_name, request.dashboard_body, to_milliseconds(call.now)});
  // As of alarms: those of one that is there are changed by TagResource only.
  if (is_new) write_tags(call, "dashboard/" + request.dashboard_name, request.tags);
  return {};
}

GetDashboardOutput get_dashboard(Service&, Call& call, const GetDashboardInput& request) {
  const auto row =
      call.transaction.find("SELECT body FROM cloudwatch_dashboard WHERE account = ?1 AND name = ?2",
                            {call.account, request.dashboard_name});
  if (!row) throw not_found(request.dashboard_name);
  return {.dashboard_arn = dashboard_arn(call, request.dashboard_name),
          .dashboard_body = row->text(0),
          .dashboard_name = request.dashboard_name};
}

ListDashboardsOutput list_dashboards(Service&, Call& call, const ListDashboardsInput& request) {
  std::string after;
  if (request.next_token) {
    auto name = base64_decode(*request.next_token);
    if (!name) throw InvalidParameterValueException("The NextToken is not one that ListDashboards gave.");
    after = std::move(*name);
  }
  ListDashboardsOutput result;
  for (const sql::Row& row : call.transaction.run(
           "SELECT name, length(CAST(body AS BLOB)), changed FROM cloudwatch_dashboard WHERE account = ?1 AND"
           " name > ?2 AND substr(name, 1, length(?3)) = ?3 ORDER BY name LIMIT ?4",
           {call.account, after, request.dashboard_name_prefix.value_or(""), kPage + 1})) {
    if (result.dashboard_entries.size() == static_cast<size_t>(kPage)) {
      result.next_token = base64_encode(result.dashboard_entries.back().dashboard_name.value());
      break;
    }
    result.dashboard_entries.push_back({.dashboard_name = row.text(0),
                                        .dashboard_arn = dashboard_arn(call, row.text(0)),
                                        .last_modified = from_milliseconds(row.integer(2)),
                                        .size = row.integer(1)});
  }
  return result;
}

// All of them or none.
DeleteDashboardsOutput delete_dashboards(Service&, Call& call, const DeleteDashboardsInput& request) {
  for (const std::string& name : request.dashboard_names) {
    if (!has_dashboard(call, name)) throw not_found(name);
  }
  for (const std::string& name : request.dashboard_names) {
    call.transaction.run("DELETE FROM cloudwatch_dashboard WHERE account = ?1 AND name = ?2",
                         {call.account, name});
    delete_tags(call, "dashboard/" + name);
  }
  return {};
}

}  // namespace holm::cloudwatch
