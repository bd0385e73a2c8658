// Targets of target groups, as rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/balancer/config.h"
#include "sql/database.h"

namespace holm::elbv2 {

struct TargetRow {
  std::string group;
  std::string id;
  int64_t port = 0;
  std::string address;
  std::string instance_state;  // "running" …; empty for addresses.
  std::optional<int64_t> draining_until;
  std::string health;  // "initial", "healthy", "unhealthy"
  std::string reason;
  std::string description;
  std::string zone;  // "us-east-1a"; empty: not known.

  bool can_be_reached() const { return instance_state.empty() || instance_state == "running"; }
};
std::vector<TargetRow> targets_of(sql::Transaction& transaction, const std::string& group_arn);

// "200,300-399"; empty when it is malformed or names a code outside of 200 to 499.
std::vector<balancer::StatusRange> parse_matcher(std::string_view text);
// The same of gRPC's statuses: "12", "0-99".
std::vector<balancer::StatusRange> parse_call_matcher(std::string_view text);

}  // namespace holm::elbv2
