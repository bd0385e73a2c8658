// Instances as the API shows them.

#include "services/ec2/describe_instances.h"

#include <fmt/format.h>

#include <map>

#include "base/files.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/instance_types.h"
#include "services/ec2/selection.h"
#include "services/ec2/service.h"
#include "services/ec2/spot_requests.h"
#include "services/ec2/volumes.h"
#include "services/ec2/zone_faults.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

constexpr size_t kConsoleOutputMax = 65536;

InstanceNetworkInterface describe_interface(Call& call, const InterfaceRow& row,
                                            const InstanceRow& instance) {
  const std::string name = private_name_of(row.address, instance.region);
  InstanceNetworkInterface result{.mac_address = row.mac,
                                  .network_interface_id = row.id,
                                  .owner_id = instance.account,
                                  .private_dns_name = name,
                                  .private_ip_address = row.address,
                                  .private_ip_addresses = {{.primary = true,
                                                            .private_dns_name = name,
                                                            .private_ip_address = row.address}},
                                  .source_dest_check = true,
                                  .status = "in-use",
                                  .subnet_id = row.subnet,
                                  .vpc_id = row.vpc,
                                  .interface_type = "interface"};
  auto attachment =
      call.transaction.find("SELECT attachment, attached FROM ec2_interface WHERE id = ?1", {row.id});
  result.attachment = InstanceNetworkInterfaceAttachment{
      .attach_time = from_milliseconds(attachment->optional_integer(1).value_or(0)),
      .attachment_id = attachment->optional_text(0),
      .delete_on_termination = row.ends_with_instance,
      .device_index = 0,
      .status = "attached"};
  if (row.public_address) {
    result.association = InstanceNetworkInterfaceAssociation{.ip_owner_id = owner_of(*row.public_address),
                                                             .public_dns_name = "",
                                                             .public_ip = row.public_address->address};
    result.private_ip_addresses.front().association = result.association;
  }
  for (const std::string& group : row.groups) {
    auto found = call.transaction.find("SELECT name FROM ec2_security_group WHERE id = ?1", {group});
    result.groups.push_back({.group_id = group, .group_name = found ? found->text(0) : ""});
  }
  return result;
}

std::vector<std::string> group_values(const Instance& instance, std::string_view name) {
  std::vector<std::string> values;
  for (const GroupIdentifier& group : instance.security_groups) {
    values.push_back(name.ends_with("id") ? group.group_id.value_or("") : group.group_name.value_or(""));
  }
  return values;
}

// Those whose names are not those of what is described; nothing for the others.
std::optional<std::vector<std::string>> filter_values(const Instance& each, const InstanceRow& row,
                                                      std::string_view name) {
  if (name == "instance-state-name") return {{row.state}};
  if (name == "instance-state-code") return {{std::to_string(*each.state->code)}};
  if (name == "availability-zone" || name == "network-interface.availability-zone") return {{row.zone}};
  if (name == "availability-zone-id") return {{zone_id_of(row.zone)}};
  if (name == "ip-address") return described_values(described_as(each), "public-ip-address");
  if (name == "dns-name") return described_values(described_as(each), "public-dns-name");
  if (name == "reason") return described_values(described_as(each), "state-transition-reason");
  if (name == "reservation-id") return {{row.reservation}};
  if (name == "owner-id") return {{row.account}};
  if (name == "requester-id") {
    return row.requester ? std::vector{*row.requester} : std::vector<std::string>{};
  }
  if (name == "launch-index") return {{std::to_string(row.launch_index)}};
  if (name == "tenancy") return {{"default"}};
  if (name == "operator.managed" || name == "network-interface.operator.managed") return {{"false"}};
  if (name == "network-interface.attachment.instance-id") return {{row.id}};
  if (name == "network-interface.attachment.instance-owner-id") return {{row.account}};
  if (name == "network-interface.requester-managed") return {{"false"}};
  constexpr std::string_view kMapping = "block-device-mapping.", kAddress = "network-interface.addresses.";
  if (name.starts_with(kMapping) && !name.ends_with("device-name")) {
    return described_values(described_as(each),
                            fmt::format("{}ebs.{}", kMapping, name.substr(kMapping.size())));
  }
  if (name.starts_with(kAddress)) {
    return described_values(described_as(each), fmt::format("network-interface.private-ip-addresses.{}",
                                                            name.substr(kAddress.size())));
  }
  if (name == "instance.group-id" || name == "instance.group-name" || name == "network-interface.group-id" ||
      name == "network-interface.group-name") {
    return group_values(each, name);
  }
  return std::nullopt;
}

// A running instance is one whose first process lives; it can be reached unless its zone is cut off.
InstanceStatusSummary check_status(Call& call, const InstanceRow& row) {
  if (row.state != "running") {
    return {.details = {{.name = "reachability", .status = "not-applicable"}}, .status = "not-applicable"};
  }
  if (auto since = cut_since(call.transaction, row.account, row.zone)) {
    const Time from = std::max(*since, from_milliseconds(row.launched));
    return {.details = {{.impaired_since = from, .name = "reachability", .status = "failed"}},
            .status = "impaired"};
  }
  return {.details = {{.name = "reachability", .status = "passed"}}, .status = "ok"};
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html
InstanceState instance_state_of(const std::string& state) {
  static const std::map<std::string, int32_t, std::less<>> codes = {{"pending", 0},        {"running", 16},
                                                                    {"shutting-down", 32}, {"terminated", 48},
                                                                    {"stopping", 64},      {"stopped", 80}};
  return {.code = codes.at(state), .name = state};
}

Instance describe_instance(Call& call, const InstanceRow& row) {
  const InstanceType* type = find_instance_type(row.type);
  Instance instance{
      .architecture = "x86_64",
      .client_token = row.client_token.value_or(""),
      .ebs_optimized = row.is_ebs_optimized,
      .ena_support = true,
      .hypervisor = "xen",
      .root_device_name = "/dev/xvda",
      .root_device_type = "ebs",
      .source_dest_check = true,
      .tags = tags_of(call, row.id),
      .virtualization_type = "hvm",
      .cpu_options = CpuOptions{.core_count = static_cast<int32_t>(type->vcpus), .threads_per_core = 1},
      .metadata_options =
          InstanceMetadataOptionsResponse{
              .state = "applied",
              .http_tokens = row.http_tokens,
              .http_put_response_hop_limit = static_cast<int32_t>(row.metadata_hops),
              .http_endpoint = row.metadata_enabled ? "enabled" : "disabled",
              .http_protocol_ipv6 = "disabled",
              .instance_metadata_tags = row.metadata_tags ? "enabled" : "disabled"},
      .enclave_options = EnclaveOptions{.enabled = false},
      .platform_details = "Linux/UNIX",
      .usage_operation = "RunInstances",
      .instance_id = row.id,
      .image_id = row.image,
      .state = instance_state_of(row.state),
      .private_dns_name = "",
      .public_dns_name = "",
      .state_transition_reason = row.transition,
      .key_name = row.key_name,
      .ami_launch_index = static_cast<int32_t>(row.launch_index),
      .instance_type = row.type,
      .launch_time = from_milliseconds(row.launched),
      .placement = Placement{.group_name = "", .tenancy = "default", .availability_zone = row.zone},
      .monitoring = Monitoring{.state = row.detailed_monitoring ? "enabled" : "disabled"}};
  if (row.reason_code) instance.state_reason = StateReason{.code = row.reason_code, .message = row.reason};
  if (auto spot = spot_request_of(call.transaction, row.id)) {
    instance.instance_lifecycle = "spot";
    instance.spot_instance_request_id = spot->id;
  }
  if (row.profile) instance.iam_instance_profile = IamInstanceProfile{.arn = row.profile};
  instance.block_device_mappings = describe_mappings(call.transaction, row.id);
  for (const InterfaceRow& interface : interfaces_of_instance(call.transaction, row.id)) {
    instance.network_interfaces.push_back(describe_interface(call, interface, row));
    instance.security_groups = instance.network_interfaces.back().groups;
    instance.private_ip_address = interface.address;
    instance.private_dns_name = private_name_of(interface.address, row.region);
    if (interface.public_address) instance.public_ip_address = interface.public_address->address;
    instance.subnet_id = row.subnet;
    instance.vpc_id = row.vpc;
  }
  return instance;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
DescribeInstancesResult describe_instances(Service&, Call& call, const DescribeInstancesRequest& request) {
  check_filters("DescribeInstances", request.filters);
  check_page(request.max_results, !request.instance_ids.empty(), "instancesSet");
  for (const std::string& id : request.instance_ids) require_instance(call, id);
  DescribeInstancesResult result;
  Selection selection(call);
  selection.among("id", request.instance_ids).filtered("id", request.filters, "instance-id");
  for (const InstanceRow& row : instances_where(call.transaction, selection.where(), selection.arguments())) {
    if (!is_asked_for(request.instance_ids, row.id)) continue;
    Instance instance = describe_instance(call, row);
    FilterValues values = [&](std::string_view name) { return filter_values(instance, row, name); };
    if (!passes(request.filters, instance.tags, values, described_as(instance))) continue;
    if (result.reservations.empty() || result.reservations.back().reservation_id != row.reservation) {
      result.reservations.push_back(
          {.reservation_id = row.reservation, .owner_id = row.account, .requester_id = row.requester});
    }
    result.reservations.back().instances.push_back(std::move(instance));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.reservations, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceStatus.html
DescribeInstanceStatusResult describe_instance_status(Service&, Call& call,
                                                      const DescribeInstanceStatusRequest& request) {
  check_filters("DescribeInstanceStatus", request.filters);
  check_page(request.max_results, !request.instance_ids.empty(), "instancesSet");
  for (const std::string& id : request.instance_ids) require_instance(call, id);
  DescribeInstanceStatusResult result;
  Selection selection(call);
  selection.among("id", request.instance_ids);
  for (const InstanceRow& row : instances_where(call.transaction, selection.where(), selection.arguments())) {
    if (!is_asked_for(request.instance_ids, row.id)) continue;
    if (row.state != "running" && !request.include_all_instances.value_or(false)) continue;
    const InstanceStatusSummary summary = check_status(call, row);
    const std::string status = *summary.status, reachability = *summary.details.front().status;
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "instance-state-name") return {{row.state}};
      if (name == "availability-zone") return {{row.zone}};
      if (name == "availability-zone-id") return {{zone_id_of(row.zone)}};
      if (name == "operator.managed") return {{"false"}};
      if (name == "instance-status.status" || name == "system-status.status") return {{status}};
      if (name == "instance-status.reachability" || name == "system-status.reachability")
        return {{reachability}};
      if (name == "instance-state-code") return {{std::to_string(*instance_state_of(row.state).code)}};
      return std::nullopt;
    };
    const InstanceStatus described{.availability_zone = row.zone,
                                   .instance_id = row.id,
                                   .instance_state = instance_state_of(row.state),
                                   .instance_status = summary,
                                   .system_status = summary};
    if (!passes(request.filters, {}, values, described_as(described))) continue;
    result.instance_statuses.push_back(described);
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.instance_statuses, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
GetConsoleOutputResult get_console_output(Service& service, Call& call,
                                          const GetConsoleOutputRequest& request) {
  const InstanceRow row = require_instance(call, request.instance_id);
  end_dry_run(request.dry_run);
  GetConsoleOutputResult result{.instance_id = row.id, .timestamp = call.now};
  auto text = read_file(service.instances().console_path(row.id));
  if (text) {
    // The newest 64 KiB, as a machine's serial console keeps them.
    if (text->size() > kConsoleOutputMax) text->erase(0, text->size() - kConsoleOutputMax);
    result.output = base64_encode(*text);
  }
  return result;
}

}  // namespace holm::ec2
