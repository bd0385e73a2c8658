// Sets of DHCP options, and the VPCs that have them.

#include "services/ec2/dhcp_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/strings.h"
#include "crypto/hash.h"
#include "ec2/handlers.h"
#include "services/ec2/cidr.h"
#include "services/ec2/filters.h"
#include "services/ec2/service.h"
#include "services/ec2/vpcs.h"

namespace holm::ec2 {

namespace {

constexpr char kServers[] = "domain-name-servers";
constexpr char kDomain[] = "domain-name";
constexpr size_t kAddressesMax = 4;
constexpr size_t kIdDigits = 17;

struct OptionsRow {
  std::string id;
  std::vector<std::pair<std::string, std::vector<std::string>>> options;
};

std::string default_domain(const std::string& region) {
  return region == "us-east-1" ? "ec2.internal" : region + ".compute.internal";
}

OptionsRow default_options(const std::string& account, const std::string& region) {
  return {.id = default_dhcp_options(account, region),
          .options = {{kDomain, {default_domain(region)}}, {kServers, {kAmazonProvidedDns}}}};
}

std::vector<std::pair<std::string, std::vector<std::string>>> options_of(sql::Transaction& transaction,
                                                                         const std::string& id) {
  std::vector<std::pair<std::string, std::vector<std::string>>> options;
  for (const sql::Row& row : transaction.run(
           "SELECT key, value FROM ec2_dhcp_option WHERE options = ?1 ORDER BY key, position", {id})) {
    if (options.empty() || options.back().first != row.text(0)) options.push_back({row.text(0), {}});
    options.back().second.push_back(row.text(1));
  }
  return options;
}

// The default set first.
std::vector<OptionsRow> all_options(Call& call) {
  std::vector<OptionsRow> rows = {default_options(call.account, call.region)};
  for (const sql::Row& row : call.transaction.run(
           "SELECT id FROM ec2_dhcp_options WHERE account = ?1 AND region = ?2 ORDER BY created, id",
           {call.account, call.region})) {
    rows.push_back({row.text(0), options_of(call.transaction, row.text(0))});
  }
  return rows;
}

OptionsRow require_options(Call& call, const std::string& id) {
  for (OptionsRow& row : all_options(call)) {
    if (row.id == id) return std::move(row);
  }
  throw_not_found("InvalidDhcpOptionID.NotFound", "dhcpOption", id);
}

DhcpOptions describe(Call& call, const OptionsRow& row) {
  DhcpOptions result{.owner_id = call.account, .tags = tags_of(call, row.id), .dhcp_options_id = row.id};
  for (const auto& [key, values] : row.options) {
    DhcpConfiguration& option = result.dhcp_configurations.emplace_back();
    option.key = key;
    for (const std::string& value : values) option.values.push_back({.value = value});
  }
  return result;
}

[[noreturn]] void throw_option(const std::string& key, const std::string& value) {
  throw_invalid(fmt::format("Value ({}) for parameter {} is invalid.", value, key));
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDhcpOptions.html
void check_option(const std::string& key, const std::vector<std::string>& values) {
  constexpr std::array kAddresses = {kServers, "ntp-servers", "netbios-name-servers"};
  const std::string first = values.empty() ? "" : values.front();
  if (values.empty()) throw_option(key, "");
  if (std::ranges::find(kAddresses, key) != kAddresses.end()) {
    if (values.size() > kAddressesMax) throw_invalid(fmt::format("{} may have four addresses.", key));
    for (const std::string& value : values) {
      const bool is_own = key == kServers && value == kAmazonProvidedDns;
      if (!is_own && !parse_address(value)) throw_option(key, value);
    }
    return;
  }
  if (values.size() > 1) throw_invalid(fmt::format("{} has one value.", key));
  if (key == kDomain) return;
  if (key == "netbios-node-type") {
    if (first != "1" && first != "2" && first != "4" && first != "8") throw_option(key, first);
    return;
  }
  throw_invalid(fmt::format("Value ({}) for parameter key is invalid. Unknown DHCP option", key));
}

// What belongs together may come one by one.
std::map<std::string, std::vector<std::string>> gathered(const std::vector<NewDhcpConfiguration>& given) {
  std::map<std::string, std::vector<std::string>> options;
  for (const NewDhcpConfiguration& each : given) {
    std::vector<std::string>& values = options[each.key.value_or("")];
    values.insert(values.end(), each.values.begin(), each.values.end());
  }
  return options;
}

}  // namespace

std::string default_dhcp_options(const std::string& account, const std::string& region) {
  const auto digest = crypto::sha256("dhcp options of " + account + " in " + region);
  return "dopt-" + hex_encode(crypto::bytes_of(digest)).substr(0, kIdDigits);
}

NameServing name_serving_of(sql::Transaction& transaction, const std::string& vpc) {
  NameServing result{.servers = {kAmazonProvidedDns}, .domain = std::nullopt};
  auto row = transaction.find("SELECT dhcp_options, account, region FROM ec2_vpc WHERE id = ?1", {vpc});
  if (!row || row->is_null(0)) return result;
  const std::string id = row->text(0);
  if (id == default_dhcp_options(row->text(1), row->text(2))) return result;
  result.servers.clear();
  for (const auto& [key, values] : options_of(transaction, id)) {
    if (key == kServers) result.servers = values;
    if (key == kDomain) result.domain = values.front();
  }
  return result;
}

CreateDhcpOptionsResult create_dhcp_options(Service& service, Call& call,
                                            const CreateDhcpOptionsRequest& request) {
  const auto options = gathered(request.dhcp_configurations);
  if (options.empty()) throw_missing("DhcpConfiguration");
  for (const auto& [key, values] : options) check_option(key, values);
  end_dry_run(request.dry_run);
  const std::string id = new_id(service.random(), "dopt");
  call.transaction.run("INSERT INTO ec2_dhcp_options (account, region, id, created) VALUES (?1, ?2, ?3, ?4)",
                       {call.account, call.region, id, to_milliseconds(call.now)});
  for (const auto& [key, values] : options) {
    for (size_t i = 0; i < values.size(); ++i) {
      call.transaction.run(
          "INSERT INTO ec2_dhcp_option (options, key, position, value) VALUES (?1, ?2, ?3, ?4)",
          {id, key, static_cast<int64_t>(i), values[i]});
    }
  }
  write_tags(call, id, "dhcp-options", request.tag_specifications);
  return {.dhcp_options = describe(call, require_options(call, id))};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeDhcpOptions.html
DescribeDhcpOptionsResult describe_dhcp_options(Service&, Call& call,
                                                const DescribeDhcpOptionsRequest& request) {
  check_filters("DescribeDhcpOptions", request.filters);
  for (const std::string& id : request.dhcp_options_ids) require_options(call, id);
  DescribeDhcpOptionsResult result;
  for (const OptionsRow& row : all_options(call)) {
    if (!is_asked_for(request.dhcp_options_ids, row.id)) continue;
    DhcpOptions told = describe(call, row);
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      std::vector<std::string> found;
      for (const auto& [key, each] : row.options) {
        if (name == "key") found.push_back(key);
        if (name == "value") found.insert(found.end(), each.begin(), each.end());
      }
      return name == "key" || name == "value" ? std::optional(found) : std::nullopt;
    };
    if (passes(request.filters, told.tags, values, described_as(told))) {
      result.dhcp_options.push_back(std::move(told));
    }
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.dhcp_options, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteDhcpOptions.html
aws::Nothing delete_dhcp_options(Service&, Call& call, const DeleteDhcpOptionsRequest& request) {
  const OptionsRow row = require_options(call, request.dhcp_options_id);
  const bool is_default = row.id == default_dhcp_options(call.account, call.region);
  if (is_default || call.transaction.find("SELECT 1 FROM ec2_vpc WHERE dhcp_options = ?1", {row.id})) {
    throw_dependency(fmt::format("The dhcpOptions '{}' has dependencies and cannot be deleted.", row.id));
  }
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_dhcp_options WHERE id = ?1", {row.id});
  delete_tags_of(call, row.id);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateDhcpOptions.html
aws::Nothing associate_dhcp_options(Service&, Call& call, const AssociateDhcpOptionsRequest& request) {
  const VpcRow vpc = require_vpc(call, request.vpc_id);
  if (request.dhcp_options_id != kNoDhcpOptions) require_options(call, request.dhcp_options_id);
  end_dry_run(request.dry_run);
  call.transaction.run("UPDATE ec2_vpc SET dhcp_options = ?2 WHERE id = ?1", {vpc.id, request.dhcp_options_id});
  return {};
}

}  // namespace holm::ec2
