// Network interfaces: what gives an instance, a database or a load balancer its address in a subnet.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/ec2/public_addresses.h"
#include "services/ec2/subnets.h"

namespace holm::ec2 {

// Guest: a sandbox has it. Local: holm itself answers on the address (load balancers, NAT gateways).
enum class InterfacePlace { Guest, Local };
// Whether security groups decide who reaches it. Open: nobody is kept out, as from network load balancers that
// have no groups.
enum class InterfaceGuard { Groups, Open };

struct InterfaceWish {
  std::string description;
  std::vector<std::string> groups;     // Empty: the VPC's default group.
  std::optional<std::string> address;  // Empty: a free one.
  bool wants_public_address = false;   // One of its own whenever it comes up.
  InterfacePlace place = InterfacePlace::Guest;
  InterfaceGuard guard = InterfaceGuard::Groups;
  std::optional<std::string> requester;  // The service that made it for itself.
  std::optional<std::string> client_token;
};

struct InterfaceRow {
  std::string id;
  std::string vpc;
  std::string subnet;
  std::string address;
  std::string mac;
  bool wants_public_address = false;
  bool is_local = false;
  bool ends_with_instance = false;  // Else it is free again.
  std::optional<std::string> instance;
  std::vector<std::string> groups;  // None of a local one: it is open.
  std::optional<AddressRow> public_address;
};

// Makes the row and returns the new id; the caller says network_changed.
std::string make_interface(Service& service, Call& call, const SubnetRow& subnet, const InterfaceWish& wish);
InterfaceRow require_interface(Call& call, const std::string& id);
std::optional<InterfaceRow> find_interface(sql::Transaction& transaction, const std::string& id);
std::vector<InterfaceRow> interfaces_of_vpc(sql::Transaction& transaction, const std::string& vpc);
std::vector<InterfaceRow> interfaces_of_instance(sql::Transaction& transaction, const std::string& instance);
std::optional<std::string> address_of_interface(sql::Transaction& transaction, const std::string& id);
struct InterfaceAttachment {
  std::string interface, instance;
  int device_index = 0;
  bool ends_with_instance = true;
};
void attach_to_instance(Service& service, Call& call, const InterfaceAttachment& attachment);
// One that an instance may be launched with: InvalidNetworkInterface.InUse.
InterfaceRow require_free_interface(Call& call, const std::string& id);
// The instance is gone: its interfaces go with it, or are free again.
void release_interfaces(Call& call, const std::string& instance);
void delete_interface_row(Call& call, const std::string& id);
// "ip-10-0-0-5.ec2.internal"
std::string private_name_of(std::string_view address, std::string_view region);

}  // namespace holm::ec2
