// nftables: the rules of a VPC and of the host, as text and as transactions. Private to this
// folder.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "sandbox/network.h"

namespace holm::sandbox {

// The VPC's side of its uplink.
inline constexpr char kUplinkInVpc[] = "up0";
// The names of all links of peerings, as nftables matches them.
inline constexpr char kPeeringLinks[] = "p*";
// Uplinks get /30 networks out of this one, the other half of what kPublicNetwork is from.
inline constexpr char kUplinkNetwork[] = "198.18.0.0/16";

// Runs commands in the network namespace it was made in. One at a time in the process: the library
// keeps caches of its own.
class Firewall final {
 public:
  static Result<std::unique_ptr<Firewall>> make();
  ~Firewall();
  Firewall(const Firewall&) = delete;
  Firewall& operator=(const Firewall&) = delete;

  // All commands or none.
  Result<void> run(const std::string& commands);

  struct Context;
  explicit Firewall(std::unique_ptr<Context> context);

 private:
  std::unique_ptr<Context> context_;
};

// What `publish_security` was last given, by id.
struct Security {
  std::map<std::string, SecurityGroup> groups;
  std::map<std::string, InterfaceSecurity> interfaces;
};

// Wrong ids, addresses, networks or ports are refused before anything is changed.
Result<Security> read_security(const std::vector<SecurityGroup>& groups,
                               const std::vector<InterfaceSecurity>& interfaces);

// Whether protocol, ports and networks are in order.
Result<void> check_rule(const SecurityRule& rule);
// The part of a rule that says what is carried; with a space behind it unless that is everything.
std::string protocol_match(const SecurityRule& rule);

// Tables that do not depend on groups: who may send from which address, and who may reach out.
std::string vpc_rules();
// Everything a VPC's groups say, replacing what was there. `resolver` is VPC+2.
std::string security_rules(const Security& security, const std::string& resolver);
// The commands that lead from one state to the other; empty when they are equal.
std::string security_changes(const Security& before, const Security& after);

// The host's side.
std::string host_table_name(const std::string& data_directory);
std::string host_rules(const std::string& data_directory);
bool host_table_exists(const std::string& data_directory);
// What the names of a daemon's uplinks on the host begin with.
std::string uplink_prefix(const std::string& data_directory);

}  // namespace holm::sandbox
