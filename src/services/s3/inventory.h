// Inventories: lists of a bucket's objects, delivered into another one every day or every week.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "s3/types.h"
#include "services/s3/lifecycle.h"

namespace holm::s3 {

// The configurations of a bucket, in the order of their ids.
std::vector<InventoryConfiguration> find_inventories(sql::Transaction& transaction, int64_t bucket);

// One column of the lists: what it says of a version.
struct InventoryField {
  std::string_view name;
  std::string (*value)(const VersionRow& row, const BucketRow& bucket);
};
// Those that a configuration asks for, in AWS's order.
std::vector<InventoryField> fields_of(const InventoryConfiguration& configuration);

// Whether a configuration has a list made at the end of the day that `now` begins after: weekly ones on
// Sundays.
bool is_due(const InventoryConfiguration& configuration, Time now, Day day);

// The kind of the job that makes them all, at the end of each day.
inline constexpr char kInventoryJob[] = "s3.inventory";
// Blocks; many short transactions. What cannot be delivered is told in the daemon's log.
void deliver_inventories(Service& service, aws::Region& region, Time now);

}  // namespace holm::s3
