// The categories of instance metadata.

#include "services/ec2/metadata_items.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "base/time_format.h"
#include "services/ec2/spot_requests.h"
#include "services/ec2/subnets.h"
#include "services/ec2/volumes.h"
#include "services/ec2/vpcs.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

std::string last_part(const std::string& device) { return device.substr(device.rfind('/') + 1); }

void add_devices(Call& call, const InstanceRow& instance, MetadataItems& items) {
  const std::string folder = "block-device-mapping/";
  items[folder + "ami"] = last_part(kRootDevice);
  items[folder + "root"] = kRootDevice;
  int number = 0;
  for (const VolumeRow& volume : volumes_of_instance(call.transaction, instance.id)) {
    if (volume.is_root()) continue;
    items[fmt::format("{}ebs{}", folder, ++number)] = last_part(*volume.device);
  }
}

void add_interface(Call& call, const InstanceRow& instance, const InterfaceRow& interface,
                   MetadataItems& items) {
  const std::string folder = "network/interfaces/macs/" + interface.mac + "/";
  items[folder + "device-number"] = "0";
  items[folder + "interface-id"] = interface.id;
  items[folder + "local-hostname"] = private_name_of(interface.address, instance.region);
  items[folder + "local-ipv4s"] = interface.address;
  items[folder + "mac"] = interface.mac;
  items[folder + "owner-id"] = instance.account;
  items[folder + "security-group-ids"] = join(interface.groups, "\n");
  items[folder + "security-groups"] = items["security-groups"];
  const SubnetRow subnet = require_subnet(call, interface.subnet);
  items[folder + "subnet-id"] = subnet.id;
  items[folder + "subnet-ipv4-cidr-block"] = subnet.cidr.text();
  const VpcRow vpc = require_vpc(call, interface.vpc);
  items[folder + "vpc-id"] = vpc.id;
  items[folder + "vpc-ipv4-cidr-block"] = items[folder + "vpc-ipv4-cidr-blocks"] = vpc.cidr.text();
  if (!interface.public_address) return;
  const std::string& address = interface.public_address->address;
  items[folder + "public-ipv4s"] = items["public-ipv4"] = address;
  items[folder + "ipv4-associations/" + address] = interface.address;
}

// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
void add_spot(Call& call, const InstanceRow& instance, MetadataItems& items) {
  const auto request = spot_request_of(call.transaction, instance.id);
  if (!request) return;
  items["instance-life-cycle"] = "spot";
  if (!request->ends) return;
  const std::string ends = iso8601(from_milliseconds(*request->ends)).substr(0, 19) + "Z";
  items["spot/instance-action"] = fmt::format(R"({{"action":"terminate","time":"{}"}})", ends);
  items["spot/termination-time"] = ends;
  items["events/recommendations/rebalance"] = fmt::format(
      R"({{"noticeTime":"{}Z"}})", iso8601(from_milliseconds(*request->noticed)).substr(0, 19));
}

}  // namespace

MetadataItems metadata_items(Call& call, const InstanceRow& instance, const InterfaceRow& interface) {
  const std::string hostname = private_name_of(interface.address, instance.region);
  MetadataItems items = {{"ami-id", instance.image},
                         {"ami-launch-index", std::to_string(instance.launch_index)},
                         {"ami-manifest-path", "(unknown)"},
                         {"events/maintenance/history", "[]"},
                         {"events/maintenance/scheduled", "[]"},
                         {"hostname", hostname},
                         {"instance-action", "none"},
                         {"instance-id", instance.id},
                         {"instance-life-cycle", "on-demand"},
                         {"instance-type", instance.type},
                         {"local-hostname", hostname},
                         {"local-ipv4", interface.address},
                         {"mac", interface.mac},
                         {"placement/availability-zone", instance.zone},
                         {"placement/availability-zone-id", zone_id_of(instance.zone)},
                         {"placement/region", instance.region},
                         {"profile", "default-hvm"},
                         {"reservation-id", instance.reservation},
                         {"security-groups", security_group_names(call.transaction, interface, "\n")},
                         {"services/domain", "localhost"},
                         {"services/partition", "aws"},
                         {"system", "nitro"}};
  add_spot(call, instance, items);
  add_devices(call, instance, items);
  add_interface(call, instance, interface, items);
  if (instance.metadata_tags) {
    for (const Tag& tag : tags_of(call, instance.id)) items["tags/instance/" + *tag.key] = *tag.value;
  }
  if (auto key = instance.key_name
                     ? find_public_key(call.transaction, instance, *instance.key_name)
                     : std::nullopt) {
    items["public-keys/0/openssh-key"] = *key;
  }
  return items;
}

std::optional<std::string> find_item(const MetadataItems& items, std::string_view path) {
  if (auto found = items.find(path); found != items.end()) return found->second;
  const std::string folder = path.empty() ? "" : std::string(path) + "/";
  std::string names, last;
  for (auto each = items.lower_bound(folder); each != items.end() && each->first.starts_with(folder); ++each) {
    const std::string rest = each->first.substr(folder.size());
    const size_t slash = rest.find('/');
    const std::string name = slash == std::string::npos ? rest : rest.substr(0, slash + 1);
    if (name == last) continue;
    names += (names.empty() ? "" : "\n") + name;
    last = name;
  }
  return names.empty() ? std::nullopt : std::optional(names);
}

}  // namespace holm::ec2
