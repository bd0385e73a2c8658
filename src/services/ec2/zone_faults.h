// Zones that were made to fail: their part of the network is cut off, and nothing is started in them.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "aws/service/call.h"
#include "base/clock.h"
#include "sql/database.h"

namespace holm::ec2 {

// Since when a zone of the account's is cut off.
std::optional<Time> cut_since(sql::Transaction& transaction, const std::string& account,
                              const std::string& zone);
std::set<std::string> cut_zones(sql::Transaction& transaction, const std::string& account);
// Throws InsufficientInstanceCapacity when the zone is cut off.
void require_capacity(aws::Call& call, const std::string& instance_type, const std::string& zone);

}  // namespace holm::ec2
