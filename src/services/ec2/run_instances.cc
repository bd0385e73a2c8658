// Launching instances.

#include <fmt/format.h>

#include "aws/service/region.h"
#include "base/strings.h"
#include "ec2/handlers.h"
#include "services/ec2/cloud_config.h"
#include "services/ec2/cpu_credits.h"
#include "services/ec2/describe_instances.h"
#include "services/ec2/images.h"
#include "services/ec2/instance_profiles.h"
#include "services/ec2/instance_types.h"
#include "services/ec2/instances.h"
#include "services/ec2/launch_templates.h"
#include "services/ec2/service.h"
#include "services/ec2/spot_requests.h"
#include "services/ec2/volumes.h"
#include "services/ec2/zone_faults.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

constexpr size_t kUserDataMax = 16384;
constexpr int32_t kCountMax = 1000;

// The interface an instance is launched with, from either form of the request.
struct Place {
  SubnetRow subnet;
  std::vector<std::string> groups;
  std::optional<std::string> address;
  bool wants_public_address = false;
  std::optional<std::string> interface;  // One that is there already.
  bool ends_with_instance = true;
};

std::vector<std::string> ids_of_named_groups(Call& call, const std::string& vpc,
                                             const std::vector<std::string>& names) {
  std::vector<std::string> ids;
  for (const std::string& name : names) {
    auto row =
        call.transaction.find("SELECT id FROM ec2_security_group WHERE vpc = ?1 AND name = ?2", {vpc, name});
    if (!row) {
      throw aws::ServiceError("InvalidGroup.NotFound", 400,
                              fmt::format("The security group '{}' does not exist in VPC '{}'", name, vpc));
    }
    ids.push_back(row->text(0));
  }
  return ids;
}

// The first interface of an instance is one that was made before.
Place place_of_interface(Call& call, const RunInstancesRequest& request) {
  const InstanceNetworkInterfaceSpecification& given = request.network_interfaces.front();
  if (given.subnet_id || given.private_ip_address || given.associate_public_ip_address ||
      !given.groups.empty() || !request.security_groups.empty() || request.max_count > 1) {
    throw aws::ServiceError(
        "InvalidParameterCombination", 400,
        "A network interface that exists has its own subnet, groups and addresses, and goes "
        "to one instance only.");
  }
  const InterfaceRow interface = require_free_interface(call, *given.network_interface_id);
  return {.subnet = require_subnet(call, interface.subnet),
          .interface = interface.id,
          .ends_with_instance = given.delete_on_termination.value_or(false)};
}

Place place_of(Service& service, Call& call, const RunInstancesRequest& request) {
  const std::string zone = request.placement ? request.placement->availability_zone.value_or("") : "";
  if (!zone.empty()) require_zone(call.region, zone);
  std::optional<std::string> subnet_id = request.subnet_id;
  Place place;
  std::optional<bool> wants_public;
  if (!request.network_interfaces.empty()) {
    const InstanceNetworkInterfaceSpecification& first = request.network_interfaces.front();
    if (request.network_interfaces.size() > 1)
      throw aws::NotImplemented("RunInstances: more than one network interface");
    if (subnet_id || !request.security_group_ids.empty()) {
      throw aws::ServiceError(
          "InvalidParameterCombination", 400,
          "Network interfaces and an instance-level subnet ID may not be specified on the same "
          "request");
    }
    if (first.device_index.value_or(0) != 0) throw_invalid("The first network interface has device index 0.");
    if (first.network_interface_id) {
      place = place_of_interface(call, request);
      if (!zone.empty() && place.subnet.zone != zone) {
        throw_invalid(fmt::format("The network interface {} is not in the zone {}.", *place.interface, zone));
      }
      return place;
    }
    place.ends_with_instance = first.delete_on_termination.value_or(true);
    subnet_id = first.subnet_id;
    place.groups = first.groups;
    place.address = first.private_ip_address;
    wants_public = first.associate_public_ip_address;
  } else {
    place.groups = request.security_group_ids;
    place.address = request.private_ip_address;
  }
  place.subnet = subnet_id ? require_subnet(call, *subnet_id) : require_default_subnet(service, call, zone);
  if (!zone.empty() && place.subnet.zone != zone) {
    throw_invalid(fmt::format("The availability zone {} is not that of subnet {}.", zone, place.subnet.id));
  }
  for (const std::string& id : ids_of_named_groups(call, place.subnet.vpc, request.security_groups)) {
    place.groups.push_back(id);
  }
  place.wants_public_address = wants_public.value_or(place.subnet.maps_public_ip);
  return place;
}

std::string description_of_interface(const RunInstancesRequest& request) {
  if (request.network_interfaces.empty()) return "";
  return request.network_interfaces.front().description.value_or("");
}

void check_user_data(const std::optional<std::string>& user_data) {
  if (!user_data) return;
  auto text = base64_decode(*user_data);
  if (!text)
    throw aws::ServiceError("InvalidUserData.Malformed", 400, "Invalid BASE64 encoding of user data.");
  if (text->size() > kUserDataMax) throw_invalid("User data is limited to 16384 bytes");
  if (is_cloud_config(*text)) {
    const auto script = script_of(*text);
    if (script) return;
    const std::string message = "User data, #cloud-config: " + script.error().message;
    if (script.error().kind == CloudConfigProblem::Kind::NotBuilt) throw aws::NotImplemented(message);
    throw_invalid(message);
  }
  if (!text->empty() && !text->starts_with("#!")) {
    throw aws::NotImplemented("User data that is neither a script beginning with #! nor a #cloud-config");
  }
}

std::vector<Tag> tags_for(const std::vector<TagSpecification>& specifications, std::string_view type) {
  std::vector<Tag> tags;
  for (const TagSpecification& each : specifications) {
    const std::string kind = each.resource_type.value_or("");
    if (kind != "instance" && kind != "volume" && kind != "network-interface" && kind != kSpotRequestType) {
      throw_invalid(fmt::format("'{}' is not a valid taggable resource type for this operation.", kind));
    }
    if (kind == type) tags.insert(tags.end(), each.tags.begin(), each.tags.end());
  }
  return tags;
}

InstanceRow row_of(Service& service, Call& call, const RunInstancesRequest& request, const Place& place) {
  const std::string type = request.instance_type.value_or("m1.small");
  if (!find_instance_type(type)) throw_invalid(fmt::format("Invalid value '{}' for InstanceType.", type));
  check_user_data(request.user_data);
  check_market_options(request.instance_market_options);
  require_unlimited(request.credit_specification);
  const InstanceMetadataOptionsRequest metadata =
      request.metadata_options.value_or(InstanceMetadataOptionsRequest{});
  if (metadata.http_protocol_ipv6.value_or("disabled") != "disabled") {
    throw aws::NotImplemented("RunInstances: MetadataOptions.HttpProtocolIpv6 enabled");
  }
  const int32_t hops = metadata.http_put_response_hop_limit.value_or(1);
  if (hops < 1 || hops > 64) throw_invalid("The value for HttpPutResponseHopLimit lies between 1 and 64.");
  InstanceRow row{.account = call.account,
                  .region = call.region,
                  .reservation = new_id(service.random(), "r"),
                  .client_token = request.client_token,
                  .state = "pending",
                  .wanted = "running",
                  .image = *request.image_id,
                  .type = type,
                  .subnet = place.subnet.id,
                  .vpc = place.subnet.vpc,
                  .zone = place.subnet.zone,
                  .key_name = request.key_name,
                  .profile = require_profile(call, request.iam_instance_profile),
                  .user_data = request.user_data,
                  .http_tokens = metadata.http_tokens.value_or("required"),
                  .metadata_hops = hops,
                  .metadata_tags = metadata.instance_metadata_tags == "enabled",
                  .metadata_enabled = metadata.http_endpoint.value_or("enabled") == "enabled",
                  .detailed_monitoring = request.monitoring && request.monitoring->enabled,
                  .protects_termination = request.disable_api_termination.value_or(false),
                  .protects_running = request.disable_api_stop.value_or(false),
                  .is_ebs_optimized = request.ebs_optimized.value_or(false),
                  .shutdown = request.instance_initiated_shutdown_behavior.value_or("stop"),
                  .launched = to_milliseconds(call.now)};
  if (call.principal.kind == aws::Principal::Kind::Service) row.requester = call.principal.id;
  if (row.key_name && !find_public_key(call.transaction, row, *row.key_name)) {
    throw aws::ServiceError("InvalidKeyPair.NotFound", 400,
                            fmt::format("The key pair '{}' does not exist", *row.key_name));
  }
  return row;
}

Reservation reservation_of(Call& call, const std::vector<InstanceRow>& rows) {
  Reservation reservation{.reservation_id = rows.front().reservation,
                          .owner_id = call.account,
                          .requester_id = rows.front().requester};
  for (const InstanceRow& row : rows) reservation.instances.push_back(describe_instance(call, row));
  return reservation;
}

// As AWS does, for those who ask what an instance was made of.
void tag_with_template(Call& call, const InstanceRow& row,
                       const std::optional<LaunchTemplateSpecification>& launch_template) {
  if (!launch_template) return;
  for (const auto& [key, value] : {std::pair("aws:ec2launchtemplate:id", launch_template->launch_template_id),
                                   std::pair("aws:ec2launchtemplate:version", launch_template->version)}) {
    call.transaction.run(
        "INSERT INTO ec2_tag (account, region, resource, type, key, value) VALUES (?1, ?2, ?3, 'instance', "
        "?4, ?5)",
        {call.account, call.region, row.id, key, value.value_or("")});
  }
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
Reservation run_instances(Service& service, Call& call, const RunInstancesRequest& given) {
  if (given.client_token) {
    auto known = instances_where(call.transaction, "account = ?1 AND region = ?2 AND client_token = ?3",
                                 {call.account, call.region, *given.client_token});
    if (!known.empty()) return reservation_of(call, known);
  }
  const RunInstancesRequest request = with_launch_template(call, given);
  if (request.min_count < 1 || request.max_count < request.min_count || request.max_count > kCountMax) {
    throw_invalid(fmt::format("Invalid value for instance counts: MinCount {}, MaxCount {}.",
                              request.min_count, request.max_count));
  }
  if (!request.image_id) throw_missing("ImageId");
  std::vector<VolumeWish> image = volumes_of_image(call, *request.image_id);
  const Place place = place_of(service, call, request);
  InstanceRow row = row_of(service, call, request, place);
  require_capacity(call, row.type, row.zone);
  const std::vector<Tag> tags = tags_for(request.tag_specifications, "instance");
  const std::vector<Tag> interface_tags = tags_for(request.tag_specifications, "network-interface");
  const std::vector<Tag> request_tags = tags_for(request.tag_specifications, kSpotRequestType);
  const std::vector<Tag> volume_tags = tags_for(request.tag_specifications, "volume");
  std::vector<VolumeWish> volumes = volume_wishes(call, std::move(image), request.block_device_mappings);
  decide_encryption(call, volumes);
  end_dry_run(request.dry_run);
  std::vector<InstanceRow> rows;
  for (int32_t i = 0; i < request.max_count; ++i) {
    row.id = new_id(service.random(), "i");
    row.launch_index = i;
    insert_instance(call, row);
    if (request.instance_market_options) {
      insert_spot_request(service, call, row, *request.instance_market_options, request_tags);
    }
    if (row.profile) associate_profile(service, call, row.id, *row.profile);
    const std::string interface =
        place.interface
            ? *place.interface
            : make_interface(service, call, place.subnet,
                             {.description = description_of_interface(request),
                              .groups = place.groups,
                              .address = request.max_count == 1 ? place.address : std::nullopt,
                              .wants_public_address = place.wants_public_address});
    if (place.wants_public_address) give_own_address(service, call, interface);
    attach_to_instance(
        service, call,
        {.interface = interface, .instance = row.id, .ends_with_instance = place.ends_with_instance});
    write_tags(call, row.id, "instance", tags);
    tag_with_template(call, row, request.launch_template);
    write_tags(call, interface, "network-interface", interface_tags);
    insert_volumes(service, call, row, volumes, volume_tags);
    service.instances().set_state(call.transaction, row, "pending");
    service.instances().schedule(call.transaction, row.id);
    rows.push_back(row);
  }
  return reservation_of(call, rows);
}

}  // namespace holm::ec2
