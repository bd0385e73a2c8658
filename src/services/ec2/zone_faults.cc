// Cutting a zone off and giving it back. The network follows by its job, status checks and capacity at once;
// whoever keeps instances or addresses in the zone hears of it.

#include "services/ec2/zone_faults.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "ec2/handlers.h"
#include "services/ec2/resource.h"
#include "services/ec2/service.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

void tell(Service& service, Call& call, const std::string& zone, const std::string& state) {
  for (const sql::Row& row :
       call.transaction.run("SELECT DISTINCT vpc FROM ec2_subnet WHERE account = ?1 AND region = ?2",
                            {call.account, call.region})) {
    service.network_changed(call, row.text(0));
  }
  service.use().events.publish(call.transaction, {.type = "ec2.zone-state",
                                                  .account = call.account,
                                                  .region = call.region,
                                                  .resource = zone,
                                                  .detail = state});
}

}  // namespace

std::optional<Time> cut_since(sql::Transaction& transaction, const std::string& account,
                              const std::string& zone) {
  auto row =
      transaction.find("SELECT since FROM ec2_zone_cut WHERE account = ?1 AND zone = ?2", {account, zone});
  if (!row) return std::nullopt;
  return from_milliseconds(row->integer(0));
}

std::set<std::string> cut_zones(sql::Transaction& transaction, const std::string& account) {
  std::set<std::string> zones;
  for (const sql::Row& row : transaction.run("SELECT zone FROM ec2_zone_cut WHERE account = ?1", {account})) {
    zones.insert(row.text(0));
  }
  return zones;
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshooting-launch.html
void require_capacity(aws::Call& call, const std::string& instance_type, const std::string& zone) {
  if (!cut_since(call.transaction, call.account, zone)) return;
  std::vector<std::string> others;
  for (const std::string& each : zones_of(call.region)) {
    if (!cut_since(call.transaction, call.account, each)) others.push_back(each);
  }
  std::string way_out;
  if (!others.empty()) {
    way_out = fmt::format(
        " You can currently get {} capacity by not specifying an Availability Zone in your request or "
        "choosing {}.",
        instance_type, join(others, ", "));
  }
  throw aws::ServiceError(
      "InsufficientInstanceCapacity", 500,
      fmt::format(
          "We currently do not have sufficient {} capacity in the Availability Zone you requested ({}). "
          "Our system will be working on provisioning additional capacity.{}",
          instance_type, zone, way_out));
}

CutAvailabilityZoneResult cut_availability_zone(Service& service, Call& call,
                                                const CutAvailabilityZoneRequest& request) {
  require_zone(call.region, request.zone_name);
  end_dry_run(request.dry_run);
  if (!cut_since(call.transaction, call.account, request.zone_name)) {
    call.transaction.run("INSERT INTO ec2_zone_cut (account, region, zone, since) VALUES (?1, ?2, ?3, ?4)",
                         {call.account, call.region, request.zone_name, to_milliseconds(call.now)});
    tell(service, call, request.zone_name, "unavailable");
  }
  return {.zone_name = request.zone_name, .state = "unavailable"};
}

CutAvailabilityZoneResult restore_availability_zone(Service& service, Call& call,
                                                    const CutAvailabilityZoneRequest& request) {
  require_zone(call.region, request.zone_name);
  end_dry_run(request.dry_run);
  if (cut_since(call.transaction, call.account, request.zone_name)) {
    call.transaction.run("DELETE FROM ec2_zone_cut WHERE account = ?1 AND zone = ?2",
                         {call.account, request.zone_name});
    tell(service, call, request.zone_name, "available");
  }
  return {.zone_name = request.zone_name, .state = "available"};
}

}  // namespace holm::ec2
