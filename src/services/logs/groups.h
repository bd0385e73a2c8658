// Log groups and streams: finding them, and the pages of lists.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "aws/service/call.h"

namespace holm::logs {

using aws::Call;

struct GroupRow {
  int64_t id = 0;
  std::string name;
};

struct StreamRow {
  int64_t id = 0;
  std::string name;
};

// By name or by identifier, which is a name or an ARN; one of the two.
GroupRow require_group(Call& call, const std::optional<std::string>& name,
                       const std::optional<std::string>& identifier);
GroupRow require_group(Call& call, const std::string& name);
StreamRow require_stream(Call& call, const GroupRow& group, const std::string& name);

// A token is text that only this service reads.
std::string token_of(const std::string& position);
std::string position_of(const std::optional<std::string>& token);

}  // namespace holm::logs
