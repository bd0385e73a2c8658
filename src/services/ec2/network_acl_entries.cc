// Entries of network ACLs: made, replaced, deleted.

#include "services/ec2/network_acl_entries.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "ec2/handlers.h"
#include "services/ec2/cidr.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr int32_t kNumberMax = 32766;
constexpr int32_t kNumberOfRest = 32767;
constexpr int64_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmp6 = 58;
constexpr int32_t kPortMax = 65535;

// An entry as it is kept. Ports of TCP and UDP, type and code of ICMP.
struct Entry {
  std::string acl;
  bool is_egress = false;
  int64_t number = 0, protocol = -1;
  std::string action;
  std::optional<std::string> cidr, cidr6;
  std::optional<int64_t> from, to;
};

std::vector<Entry> rows_of(sql::Transaction& transaction, const std::string& acl) {
  std::vector<Entry> rows;
  for (const sql::Row& row : transaction.run("SELECT is_egress, number, protocol, action, cidr, cidr6, "
                                             "from_port, to_port FROM ec2_network_acl_entry"
                                             " WHERE acl = ?1 ORDER BY is_egress, number",
                                             {acl})) {
    rows.push_back({.acl = acl,
                    .is_egress = row.integer(0) != 0,
                    .number = row.integer(1),
                    .protocol = row.integer(2),
                    .action = row.text(3),
                    .cidr = row.optional_text(4),
                    .cidr6 = row.optional_text(5),
                    .from = row.optional_integer(6),
                    .to = row.optional_integer(7)});
  }
  return rows;
}

int64_t protocol_of(const std::string& text) {
  static constexpr std::pair<std::string_view, int64_t> kNames[] = {
      {"all", -1}, {"tcp", kTcp}, {"udp", kUdp}, {"icmp", kIcmp}, {"icmpv6", kIcmp6}};
  for (const auto& [name, number] : kNames) {
    if (name == to_lower(text)) return number;
  }
  const auto number = parse_integer(text);
  if (!number || *number < -1 || *number > 255) {
    throw_invalid(fmt::format("Invalid value '{}' for protocol.", text));
  }
  return *number;
}

void check_number(int32_t number) {
  if (number >= 1 && number <= kNumberMax) return;
  throw_invalid(fmt::format("Value ({}) for parameter ruleNumber is invalid. It lies between 1 and {}.",
                            number, kNumberMax));
}

template <class Request>
void set_ports(Entry& entry, const Request& request) {
  if (entry.protocol == kIcmp || entry.protocol == kIcmp6) {
    if (!request.icmp_type_code || !request.icmp_type_code->type || !request.icmp_type_code->code) {
      throw_missing("icmpTypeCode");
    }
    entry.from = *request.icmp_type_code->type;
    entry.to = *request.icmp_type_code->code;
    const bool is_right = *entry.from >= -1 && *entry.from <= 255 && *entry.to >= -1 && *entry.to <= 255;
    if (!is_right) throw_invalid("ICMP types and codes lie between -1 and 255.");
    return;
  }
  if (entry.protocol != kTcp && entry.protocol != kUdp) return;
  if (!request.port_range || !request.port_range->from || !request.port_range->to) throw_missing("portRange");
  entry.from = *request.port_range->from;
  entry.to = *request.port_range->to;
  if (*entry.from < 0 || *entry.from > *entry.to || *entry.to > kPortMax) {
    throw_invalid(fmt::format("Invalid TCP/UDP port range ({}:{})", *entry.from, *entry.to));
  }
}

// Of CreateNetworkAclEntry or ReplaceNetworkAclEntry.
template <class Request>
Entry entry_of(const AclRow& acl, const Request& request) {
  check_number(request.rule_number);
  Entry entry{.acl = acl.id,
              .is_egress = request.egress,
              .number = request.rule_number,
              .protocol = protocol_of(request.protocol),
              .action = request.rule_action,
              .cidr6 = request.ipv6_cidr_block};
  if (!request.cidr_block && !request.ipv6_cidr_block) throw_missing("cidrBlock");
  if (request.cidr_block && request.ipv6_cidr_block) {
    throw aws::ServiceError("InvalidParameterCombination", 400,
                            "The parameters cidrBlock and ipv6CidrBlock cannot be used together.");
  }
  if (request.cidr_block) {
    auto cidr = parse_cidr(*request.cidr_block);
    if (!cidr) throw_invalid(fmt::format("CIDR block {} is malformed", *request.cidr_block));
    entry.cidr = cidr->text();
  }
  set_ports(entry, request);
  return entry;
}

bool entry_exists(Call& call, const std::string& acl, bool is_egress, int64_t number) {
  return call.transaction
      .find("SELECT 1 FROM ec2_network_acl_entry WHERE acl = ?1 AND is_egress = ?2 AND number = ?3",
            {acl, int64_t{is_egress}, number})
      .has_value();
}

void require_entry(Call& call, const std::string& acl, bool is_egress, int64_t number) {
  if (entry_exists(call, acl, is_egress, number)) return;
  throw aws::ServiceError("InvalidNetworkAclEntry.NotFound", 400,
                          fmt::format("The {} network acl entry identified by {} does not exist.",
                                      is_egress ? "egress" : "ingress", number));
}

sql::Value value_of(const std::optional<int64_t>& number) {
  return number ? sql::Value(*number) : sql::Value();
}

void write(Service& service, Call& call, const AclRow& acl, const Entry& entry) {
  call.transaction.run(
      "INSERT INTO ec2_network_acl_entry (acl, is_egress, number, protocol, action, cidr, cidr6, from_port, "
      "to_port)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (acl, is_egress, number) DO UPDATE SET"
      " protocol = excluded.protocol, action = excluded.action, cidr = excluded.cidr, cidr6 = excluded.cidr6,"
      " from_port = excluded.from_port, to_port = excluded.to_port",
      {acl.id, int64_t{entry.is_egress}, entry.number, entry.protocol, entry.action,
       sql::optional_value(entry.cidr), sql::optional_value(entry.cidr6), value_of(entry.from),
       value_of(entry.to)});
  service.network_changed(call, acl.vpc);
}

}  // namespace

std::vector<NetworkAclEntry> entries_of(sql::Transaction& transaction, const std::string& acl) {
  std::vector<NetworkAclEntry> entries;
  for (const Entry& row : rows_of(transaction, acl)) {
    NetworkAclEntry entry{.cidr_block = row.cidr,
                          .egress = row.is_egress,
                          .ipv6_cidr_block = row.cidr6,
                          .protocol = std::to_string(row.protocol),
                          .rule_action = row.action,
                          .rule_number = static_cast<int32_t>(row.number)};
    const bool is_icmp = row.protocol == kIcmp || row.protocol == kIcmp6;
    if (row.from && is_icmp) {
      entry.icmp_type_code =
          IcmpTypeCode{.code = static_cast<int32_t>(*row.to), .type = static_cast<int32_t>(*row.from)};
    } else if (row.from) {
      entry.port_range =
          PortRange{.from = static_cast<int32_t>(*row.from), .to = static_cast<int32_t>(*row.to)};
    }
    entries.push_back(std::move(entry));
  }
  for (bool is_egress : {false, true}) {
    entries.push_back({.cidr_block = "0.0.0.0/0",
                       .egress = is_egress,
                       .protocol = "-1",
                       .rule_action = "deny",
                       .rule_number = kNumberOfRest});
  }
  std::ranges::sort(entries, {},
                    [](const NetworkAclEntry& each) { return std::pair(!*each.egress, *each.rule_number); });
  return entries;
}

sandbox::SubnetBorder border_of(sql::Transaction& transaction, const std::string& acl) {
  sandbox::SubnetBorder border;
  for (const Entry& row : rows_of(transaction, acl)) {
    if (!row.cidr) continue;  // Guests have no IPv6.
    auto& rules = row.is_egress ? border.leaving : border.entering;
    using Action = sandbox::BorderRule::Action;
    rules.push_back({.number = static_cast<int>(row.number),
                     .action = row.action == "allow" ? Action::Allow : Action::Deny,
                     .match = {.protocol = static_cast<int>(row.protocol),
                               .from_port = static_cast<int>(row.from.value_or(-1)),
                               .to_port = static_cast<int>(row.to.value_or(-1)),
                               .cidrs = {*row.cidr}}});
  }
  return border;
}

bool lets_everything_through(const sandbox::SubnetBorder& border) {
  auto is_open = [](const std::vector<sandbox::BorderRule>& rules) {
    if (rules.empty()) return false;
    const sandbox::BorderRule& first = rules.front();
    return first.action == sandbox::BorderRule::Action::Allow && first.match.protocol == -1 &&
           first.match.cidrs == std::vector<std::string>{"0.0.0.0/0"};
  };
  return is_open(border.entering) && is_open(border.leaving);
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
aws::Nothing create_network_acl_entry(Service& service, Call& call,
                                      const CreateNetworkAclEntryRequest& request) {
  const AclRow acl = require_acl(call, request.network_acl_id);
  const Entry entry = entry_of(acl, request);
  if (entry_exists(call, acl.id, entry.is_egress, entry.number)) {
    throw aws::ServiceError(
        "NetworkAclEntryAlreadyExists", 400,
        fmt::format("The network acl entry identified by {} already exists.", entry.number));
  }
  end_dry_run(request.dry_run);
  write(service, call, acl, entry);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceNetworkAclEntry.html
aws::Nothing replace_network_acl_entry(Service& service, Call& call,
                                       const ReplaceNetworkAclEntryRequest& request) {
  const AclRow acl = require_acl(call, request.network_acl_id);
  const Entry entry = entry_of(acl, request);
  require_entry(call, acl.id, entry.is_egress, entry.number);
  end_dry_run(request.dry_run);
  write(service, call, acl, entry);
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkAclEntry.html
aws::Nothing delete_network_acl_entry(Service& service, Call& call,
                                      const DeleteNetworkAclEntryRequest& request) {
  const AclRow acl = require_acl(call, request.network_acl_id);
  require_entry(call, acl.id, request.egress, request.rule_number);
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_network_acl_entry WHERE acl = ?1 AND is_egress = ?2 AND number = ?3",
                       {acl.id, int64_t{request.egress}, int64_t{request.rule_number}});
  service.network_changed(call, acl.vpc);
  return {};
}

}  // namespace holm::ec2
