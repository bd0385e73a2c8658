// Tags on any resource of EC2.

#include <fmt/format.h>

#include <array>
#include <utility>

#include "ec2/handlers.h"
#include "services/ec2/filters.h"

namespace holm::ec2 {

namespace {

// The table that knows the ids with a prefix, and the resource type that filters and tag specifications name.
struct Tagged {
  std::string_view prefix, table, type;
  std::string_view is_own = "account = ?1 AND region = ?2";
};
constexpr std::string_view kRules =  // They belong to whom their group belongs.
    "(SELECT r.id, g.account, g.region FROM ec2_security_group_rule r"
    " JOIN ec2_security_group g ON g.id = r.security_group)";
constexpr std::string_view kIsPeer = "(requester_account = ?1 OR accepter_account = ?1) AND region = ?2";
constexpr std::array<Tagged, 20> kTagged = {{{"vpc-", "ec2_vpc", "vpc"},
                                             {"subnet-", "ec2_subnet", "subnet"},
                                             {"vpce-", "ec2_vpc_endpoint", "vpc-endpoint"},
                                             {"igw-", "ec2_internet_gateway", "internet-gateway"},
                                             {"nat-", "ec2_nat_gateway", "natgateway"},
                                             {"rtb-", "ec2_route_table", "route-table"},
                                             {"sg-", "ec2_security_group", "security-group"},
                                             {"acl-", "ec2_network_acl", "network-acl"},
                                             {"eni-", "ec2_interface", "network-interface"},
                                             {"i-", "ec2_instance", "instance"},
                                             {"vol-", "ec2_volume", "volume"},
                                             {"snap-", "ec2_snapshot", "snapshot"},
                                             {"ami-", "ec2_image", "image"},
                                             {"lt-", "ec2_launch_template", "launch-template"},
                                             {"eipalloc-", "ec2_address", "elastic-ip"},
                                             {"key-", "ec2_key_pair", "key-pair"},
                                             {"dopt-", "ec2_dhcp_options", "dhcp-options"},
                                             {"sir-", "ec2_spot_request", "spot-instances-request"},
                                             {"pcx-", "ec2_peering", "vpc-peering-connection", kIsPeer},
                                             {"sgr-", kRules, "security-group-rule"}}};

// Throws InvalidID unless the account has the resource; returns its type.
std::string_view require_type(Call& call, const std::string& id) {
  for (const Tagged& each : kTagged) {
    if (!id.starts_with(each.prefix)) continue;
    const std::string statement =
        fmt::format("SELECT 1 FROM {} WHERE {} AND id = ?3", each.table, each.is_own);
    if (call.transaction.find(statement, {call.account, call.region, id})) return each.type;
  }
  throw aws::ServiceError("InvalidID", 400, fmt::format("The ID '{}' is not valid", id));
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
aws::Nothing create_tags(Service&, Call& call, const CreateTagsRequest& request) {
  for (const std::string& id : request.resources) write_tags(call, id, require_type(call, id), request.tags);
  end_dry_run(request.dry_run);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
aws::Nothing delete_tags(Service&, Call& call, const DeleteTagsRequest& request) {
  for (const std::string& id : request.resources) {
    require_type(call, id);
    if (request.tags.empty()) {
      call.transaction.run("DELETE FROM ec2_tag WHERE resource = ?1 AND key NOT LIKE 'aws:%'", {id});
    }
    for (const Tag& tag : request.tags) {
      // With a value, only a tag of that value is deleted.
      call.transaction.run(
          "DELETE FROM ec2_tag WHERE resource = ?1 AND key = ?2 AND (?3 IS NULL OR value = ?3)",
          {id, tag.key.value_or(""), sql::optional_value(tag.value)});
    }
  }
  end_dry_run(request.dry_run);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTags.html
DescribeTagsResult describe_tags(Service&, Call& call, const DescribeTagsRequest& request) {
  check_filters("DescribeTags", request.filters);
  check_page(request.max_results, false, "");
  DescribeTagsResult result;
  for (const sql::Row& row : call.transaction.run("SELECT resource, type, key, value FROM ec2_tag WHERE "
                                                  "account = ?1 AND region = ?2 ORDER BY resource, key",
                                                  {call.account, call.region})) {
    const std::vector<Tag> own = {{.key = row.text(2), .value = row.text(3)}};
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "resource-id") return {{row.text(0)}};
      if (name == "resource-type") return {{row.text(1)}};
      if (name == "key") return {{row.text(2)}};
      if (name == "value") return {{row.text(3)}};
      return std::nullopt;
    };
    if (!passes(request.filters, own, values)) continue;
    result.tags.push_back(
        {.key = row.text(2), .resource_id = row.text(0), .resource_type = row.text(1), .value = row.text(3)});
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.tags, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2
