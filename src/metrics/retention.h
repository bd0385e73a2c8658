// How coarse values become as they grow old, and which blocks they lie in. Private to this folder.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "metrics/block.h"

namespace holm::sql {
class Transaction;
}

namespace holm::metrics {

// The seconds that a slot of this age has at least; nothing when it is kept no longer.
std::optional<int64_t> resolution_at(int64_t age_seconds);
// The seconds that one block of slots this long spans: windows of that length since 1970.
int64_t window_of(int64_t resolution);

// Ascending slots of any length, as new blocks of as many windows as they touch.
void write_blocks(sql::Transaction& transaction, int64_t series, std::vector<Slot> slots);

}  // namespace holm::metrics
