// Spot requests and the interruption of their instances.

#include "services/ec2/spot_requests.h"

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/resource.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr int32_t kNoticeSeconds = 120;
constexpr int32_t kNoticeSecondsMax = 900;

constexpr char kColumns[] = "id, instance, max_price, cancelled, created, noticed, ends";

SpotRequestRow read_row(const sql::Row& row) {
  return {.id = row.text(0),
          .instance = row.text(1),
          .max_price = row.optional_text(2),
          .is_cancelled = row.integer(3) != 0,
          .created = row.integer(4),
          .noticed = row.optional_integer(5),
          .ends = row.optional_integer(6)};
}

std::vector<SpotRequestRow> requests_of(Call& call) {
  std::vector<SpotRequestRow> rows;
  for (const sql::Row& row : call.transaction.run(
           fmt::format("SELECT {} FROM ec2_spot_request WHERE account = ?1 AND region = ?2 ORDER BY created, id",
                       kColumns),
           {call.account, call.region})) {
    rows.push_back(read_row(row));
  }
  return rows;
}

SpotRequestRow require_request(Call& call, const std::string& id) {
  for (SpotRequestRow& row : requests_of(call)) {
    if (row.id == id) return std::move(row);
  }
  throw_not_found("InvalidSpotInstanceRequestID.NotFound", "spot instance request", id);
}

struct Standing {
  std::string state, code, message;
};

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-request-status.html
Standing standing_of(const SpotRequestRow& row, const InstanceRow& instance) {
  const bool has_ended = instance.wanted == "terminated";
  const bool was_taken = has_ended && instance.reason_code == "Server.SpotInstanceTermination";
  const std::string state = row.is_cancelled ? "cancelled" : has_ended ? "closed" : "active";
  if (was_taken) {
    return {state, "instance-terminated-no-capacity",
            "Your Spot instance was terminated because there is no capacity available within your request."};
  }
  if (has_ended) {
    return {state, "instance-terminated-by-user",
            "Spot instance was terminated due to user-initiated termination."};
  }
  if (row.ends) return {state, "marked-for-termination", "Your Spot instance is marked for termination."};
  if (row.is_cancelled) {
    return {state, "request-canceled-and-instance-running",
            "Your Spot request is canceled, but your instance is still running."};
  }
  return {state, "fulfilled", "Your Spot request is fulfilled."};
}

SpotInstanceRequest describe(Call& call, const SpotRequestRow& row) {
  const InstanceRow instance = require_instance(call, row.instance);
  const Standing standing = standing_of(row, instance);
  LaunchSpecification launched;
  launched.image_id = instance.image;
  launched.instance_type = instance.type;
  launched.key_name = instance.key_name;
  launched.subnet_id = instance.subnet;
  launched.placement = SpotPlacement{.availability_zone = instance.zone};
  launched.monitoring = RunInstancesMonitoringEnabled{.enabled = instance.detailed_monitoring};
  return {.create_time = from_milliseconds(row.created),
          .instance_id = row.instance,
          .launch_specification = launched,
          .launched_availability_zone = instance.zone,
          .product_description = "Linux/UNIX",
          .spot_instance_request_id = row.id,
          .spot_price = row.max_price,
          .state = standing.state,
          .status = SpotInstanceStatus{.code = standing.code,
                                       .message = standing.message,
                                       .update_time = from_milliseconds(row.noticed.value_or(row.created))},
          .tags = tags_of(call, row.id),
          .type = "one-time",
          .instance_interruption_behavior = "terminate"};
}

std::optional<std::vector<std::string>> filter_values(const SpotInstanceRequest& told, std::string_view name) {
  constexpr std::string_view kLaunch = "launch.";
  if (name == "status-code") return {{*told.status->code}};
  if (name == "status-message") return {{*told.status->message}};
  if (name == "spot-instance-request-id") return {{*told.spot_instance_request_id}};
  if (name == "availability-zone-group" || name == "launch-group") return std::vector<std::string>{};
  if (name.starts_with(kLaunch)) {
    return described_values(described_as(*told.launch_specification), name.substr(kLaunch.size()));
  }
  return described_values(described_as(told), name);
}

}  // namespace

std::optional<SpotRequestRow> spot_request_of(sql::Transaction& transaction, const std::string& instance) {
  auto row = transaction.find(fmt::format("SELECT {} FROM ec2_spot_request WHERE instance = ?1", kColumns),
                              {instance});
  if (!row) return std::nullopt;
  return read_row(*row);
}

void check_market_options(const std::optional<InstanceMarketOptionsRequest>& options) {
  if (!options) return;
  if (options->market_type != "spot") {
    throw aws::NotImplemented("RunInstances: InstanceMarketOptions.MarketType " +
                              options->market_type.value_or(""));
  }
  if (!options->spot_options) return;
  const SpotMarketOptions& spot = *options->spot_options;
  if (spot.spot_instance_type.value_or("one-time") != "one-time") {
    throw aws::NotImplemented("RunInstances: InstanceMarketOptions.SpotOptions.SpotInstanceType persistent");
  }
  if (spot.instance_interruption_behavior.value_or("terminate") != "terminate") {
    throw_invalid("InstanceInterruptionBehavior of a one-time request is terminate.");
  }
  if (spot.valid_until) throw_invalid("ValidUntil is for persistent requests only.");
}

void insert_spot_request(Service& service, Call& call, const InstanceRow& instance,
                         const InstanceMarketOptionsRequest& options, const std::vector<Tag>& tags) {
  const auto price = options.spot_options ? options.spot_options->max_price : std::nullopt;
  const std::string id = new_id(service.random(), "sir");
  call.transaction.run(
      "INSERT INTO ec2_spot_request (id, account, region, instance, max_price, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      {id, call.account, call.region, instance.id, sql::optional_value(price), to_milliseconds(call.now)});
  write_tags(call, id, kSpotRequestType, tags);
}

void SpotInterruptions::start() {
  use_.jobs.handle(kJob, [this](const jobs::Job& job) { return run(job.key); });
}

jobs::Outcome SpotInterruptions::run(const std::string& instance) {
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    const auto row = find_instance(call.transaction, instance);
    if (!row || row->wanted == "terminated") return;
    call.transaction.run(
        "UPDATE ec2_instance SET wanted = 'terminated', reason_code = ?2, reason = ?3, transition = ?4"
        " WHERE id = ?1",
        {instance, "Server.SpotInstanceTermination",
         "Server.SpotInstanceTermination: Spot instance termination",
         fmt::format("Service initiated ({} GMT)",
                     replace_all(iso8601(call.now).substr(0, 19), "T", " "))});
    instances_.set_state(call.transaction, *row, "shutting-down");
    instances_.schedule(call.transaction, instance);
  });
  return jobs::done();
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSpotInstanceRequests.html
DescribeSpotInstanceRequestsResult describe_spot_instance_requests(
    Service&, Call& call, const DescribeSpotInstanceRequestsRequest& request) {
  check_filters("DescribeSpotInstanceRequests", request.filters);
  for (const std::string& id : request.spot_instance_request_ids) require_request(call, id);
  DescribeSpotInstanceRequestsResult result;
  for (const SpotRequestRow& row : requests_of(call)) {
    if (!is_asked_for(request.spot_instance_request_ids, row.id)) continue;
    SpotInstanceRequest told = describe(call, row);
    FilterValues values = [&](std::string_view name) { return filter_values(told, name); };
    if (passes(request.filters, told.tags, values, described_as(told))) {
      result.spot_instance_requests.push_back(std::move(told));
    }
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.spot_instance_requests, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CancelSpotInstanceRequests.html
// The instances run on.
CancelSpotInstanceRequestsResult cancel_spot_instance_requests(
    Service&, Call& call, const CancelSpotInstanceRequestsRequest& request) {
  if (request.spot_instance_request_ids.empty()) throw_missing("SpotInstanceRequestId");
  for (const std::string& id : request.spot_instance_request_ids) require_request(call, id);
  end_dry_run(request.dry_run);
  CancelSpotInstanceRequestsResult result;
  for (const std::string& id : request.spot_instance_request_ids) {
    call.transaction.run("UPDATE ec2_spot_request SET cancelled = 1 WHERE id = ?1", {id});
    result.cancelled_spot_instance_requests.push_back({.spot_instance_request_id = id, .state = "cancelled"});
  }
  return result;
}

// holm's own, for `holm fault spot`: the instance is told, and terminated when its time has come.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
InterruptSpotInstanceResult interrupt_spot_instance(Service& service, Call& call,
                                                    const InterruptSpotInstanceRequest& request) {
  const InstanceRow instance = require_instance(call, request.instance_id);
  const auto row = spot_request_of(call.transaction, instance.id);
  if (!row) throw_invalid(fmt::format("The instance {} is no Spot Instance.", instance.id));
  if (instance.wanted == "terminated") {
    throw aws::ServiceError("IncorrectInstanceState", 400,
                            fmt::format("The instance {} has ended.", instance.id));
  }
  const int32_t seconds = request.seconds_before.value_or(kNoticeSeconds);
  if (seconds < 0 || seconds > kNoticeSecondsMax) {
    throw_invalid(fmt::format("SecondsBefore is from 0 to {}.", kNoticeSecondsMax));
  }
  end_dry_run(request.dry_run);
  const Time ends = call.now + std::chrono::seconds(seconds);
  call.transaction.run("UPDATE ec2_spot_request SET noticed = ?2, ends = ?3 WHERE id = ?1",
                       {row->id, to_milliseconds(call.now), to_milliseconds(ends)});
  service.use().jobs.schedule(call.transaction, {.kind = SpotInterruptions::kJob, .key = instance.id}, ends);
  return {.instance_id = instance.id, .end_time = ends};
}

}  // namespace holm::ec2
