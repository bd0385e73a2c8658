// Network ACLs: each VPC has the default one, which lets everything through.

#include "ec2/handlers.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkAcls.html
DescribeNetworkAclsResult describe_network_acls(Service&, Call& call,
                                                const DescribeNetworkAclsRequest& request) {
  DescribeNetworkAclsResult result;
  for (const sql::Row& row : call.transaction.run(
           "SELECT id, network_acl FROM ec2_vpc WHERE account = ?1 AND region = ?2 ORDER BY created, id",
           {call.account, call.region})) {
    const std::string vpc = row.text(0), id = row.text(1);
    if (!is_asked_for(request.network_acl_ids, id)) continue;
    std::vector<std::string> subnets;
    for (const sql::Row& subnet : call.transaction.run("SELECT id FROM ec2_subnet WHERE vpc = ?1", {vpc})) {
      subnets.push_back(subnet.text(0));
    }
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "network-acl-id") return {{id}};
      if (name == "vpc-id") return {{vpc}};
      if (name == "default") return {{"true"}};
      if (name == "association.subnet-id") return subnets;
      if (name == "owner-id") return {{call.account}};
      return std::nullopt;
    };
    if (!passes(request.filters, {}, values)) continue;
    NetworkAcl acl{.is_default = true, .network_acl_id = id, .vpc_id = vpc, .owner_id = call.account};
    for (const std::string& subnet : subnets) {
      acl.associations.push_back({.network_acl_association_id = "aclassoc-" + subnet.substr(7),
                                  .network_acl_id = id,
                                  .subnet_id = subnet});
    }
    for (bool egress : {false, true}) {
      acl.entries.push_back({.cidr_block = "0.0.0.0/0",
                             .egress = egress,
                             .protocol = "-1",
                             .rule_action = "allow",
                             .rule_number = 100});
      acl.entries.push_back({.cidr_block = "0.0.0.0/0",
                             .egress = egress,
                             .protocol = "-1",
                             .rule_action = "deny",
                             .rule_number = 32767});
    }
    result.network_acls.push_back(std::move(acl));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.network_acls, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2
