// The rules of security groups, one row each, as the newer API shows them; IpPermissions group them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/ec2/resource.h"

namespace holm::ec2 {

struct RuleRow {
  std::string id;
  std::string group;
  bool is_egress = false;
  std::string protocol;  // "tcp", "udp", "icmp", "icmpv6", a number, or "-1" for all.
  int from_port = -1;
  int to_port = -1;
  std::string cidr;  // One of these three.
  std::string cidr6;
  std::string peer_group;
  std::string description;
};

std::vector<RuleRow> rules_of(sql::Transaction& transaction, const std::string& group);
void insert_rule(Call& call, const RuleRow& rule);
// Adds the rule to the permission of its protocol and ports.
void add_permission(std::vector<IpPermission>& permissions, const RuleRow& rule, const std::string& account);
// The IP protocol number; -1 for all.
int protocol_number(std::string_view protocol);

}  // namespace holm::ec2
