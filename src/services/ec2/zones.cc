// Regions and their availability zones.

#include "services/ec2/zones.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/time_format.h"
#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/zone_faults.h"

namespace holm::ec2 {

namespace {

// Regions that AWS enables for every account.
constexpr std::array<std::string_view, 17> kRegions = {
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1",   "eu-central-1",   "eu-north-1",     "eu-west-1",  "eu-west-2",      "eu-west-3",
    "sa-east-1",      "us-east-1",      "us-east-2",      "us-west-1",  "us-west-2"};

}  // namespace

std::vector<std::string> zones_of(std::string_view region) {
  return {fmt::format("{}a", region), fmt::format("{}b", region), fmt::format("{}c", region)};
}

std::string zone_id_of(std::string_view zone) {
  // us-east-1b → use1-az2, ap-southeast-2a → apse2-az1: the first letters of the words.
  std::string id;
  auto words = split(zone.substr(0, zone.size() - 1), '-');
  for (const std::string_view& word : words) {
    const bool is_double = word.starts_with("north") && word.size() > 5;
    const bool is_south = word.starts_with("south") && word.size() > 5;
    if (&word == &words.front()) id += word;
    else if (is_double || is_south) id += std::string{word[0], word[5]};
    else id += word[0];
  }
  return fmt::format("{}-az{}", id, zone.back() - 'a' + 1);
}

void require_zone(std::string_view region, std::string_view zone) {
  auto zones = zones_of(region);
  if (std::ranges::find(zones, zone) != zones.end()) return;
  throw_invalid(
      fmt::format("Value ({}) for parameter availabilityZone is invalid. Subnets can currently only be "
                  "created in the following availability zones: {}.",
                  zone, join(zones, ", ")));
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
DescribeAvailabilityZonesResult describe_availability_zones(Service&, Call& call,
                                                            const DescribeAvailabilityZonesRequest& request) {
  check_filters("DescribeAvailabilityZones", request.filters);
  DescribeAvailabilityZonesResult result;
  for (const std::string& zone : request.zone_names) require_zone(call.region, zone);
  for (const std::string& zone : zones_of(call.region)) {
    const std::string id = zone_id_of(zone);
    if (!is_asked_for(request.zone_names, zone) || !is_asked_for(request.zone_ids, id)) continue;
    const std::optional<Time> since = cut_since(call.transaction, call.account, zone);
    const std::string state = since ? "unavailable" : "available";
    std::vector<AvailabilityZoneMessage> messages;
    if (since) messages.push_back({.message = fmt::format("Cut off since {}.", iso8601(*since))});
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "zone-name") return {{zone}};
      if (name == "zone-id") return {{id}};
      if (name == "region-name") return {{call.region}};
      if (name == "state") return {{state}};
      if (name == "message")
        return since ? std::vector{*messages.front().message} : std::vector<std::string>{};
      if (name == "zone-type") return {{"availability-zone"}};
      if (name == "opt-in-status") return {{"opt-in-not-required"}};
      if (name == "group-name") return {{call.region}};
      return std::vector<std::string>{};
    };
    if (!passes(request.filters, {}, values)) continue;
    result.availability_zones.push_back({.opt_in_status = "opt-in-not-required",
                                         .messages = messages,
                                         .region_name = call.region,
                                         .zone_name = zone,
                                         .zone_id = id,
                                         .group_name = call.region,
                                         .network_border_group = call.region,
                                         .zone_type = "availability-zone",
                                         .state = state});
  }
  end_dry_run(request.dry_run);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
DescribeRegionsResult describe_regions(Service&, Call&, const DescribeRegionsRequest& request) {
  check_filters("DescribeRegions", request.filters);
  DescribeRegionsResult result;
  for (std::string_view each : kRegions) {
    const std::string region(each);
    if (!is_asked_for(request.region_names, region)) continue;
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "region-name") return {{region}};
      if (name == "endpoint") return {{fmt::format("ec2.{}.localhost", region)}};
      if (name == "opt-in-status") return {{"opt-in-not-required"}};
      return std::nullopt;
    };
    if (!passes(request.filters, {}, values)) continue;
    result.regions.push_back({.opt_in_status = "opt-in-not-required",
                              .region_name = region,
                              .endpoint = fmt::format("ec2.{}.localhost", region)});
  }
  end_dry_run(request.dry_run);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAccountAttributes.html
DescribeAccountAttributesResult describe_account_attributes(Service&, Call& call,
                                                            const DescribeAccountAttributesRequest& request) {
  auto vpc =
      call.transaction.find("SELECT id FROM ec2_vpc WHERE account = ?1 AND region = ?2 AND is_default = 1",
                            {call.account, call.region});
  DescribeAccountAttributesResult result;
  auto add = [&](const std::string& name, std::vector<AccountAttributeValue> values) {
    if (!is_asked_for(request.attribute_names, name)) return;
    result.account_attributes.push_back({.attribute_name = name, .attribute_values = std::move(values)});
  };
  add("supported-platforms", {{.attribute_value = "VPC"}});
  add("default-vpc", {{.attribute_value = vpc ? vpc->text(0) : "none"}});
  end_dry_run(request.dry_run);
  return result;
}

}  // namespace holm::ec2
