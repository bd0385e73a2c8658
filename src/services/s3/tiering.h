// Archives within the class INTELLIGENT_TIERING: where a bucket says so, what nobody has used for long goes there.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-overview.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "services/s3/lifecycle.h"
#include "services/s3/versions.h"

namespace holm::s3 {

class Service;

inline constexpr std::string_view kTieredClass = "INTELLIGENT_TIERING";

std::vector<IntelligentTieringConfiguration> find_tierings(sql::Transaction& transaction, int64_t bucket);

// The tier that a version is due for, deeper than the one that it is in; nothing: it stays.
std::optional<std::string> due_tier(const std::vector<IntelligentTieringConfiguration>& configurations,
                                    const VersionRow& row, Time now, Day day);

// Whether nothing has to be written about a version whose bytes are asked for now: it is not watched, or was used
// less than a day ago already.
bool is_use_kept(const VersionRow& row, Time now, Day day);
// Writes down that a version is used now.
async::Task<void> note_use(Service& service, aws::LongCall call, std::string bucket, std::string key,
                           std::string version);

// The kind of the job that looks at every bucket with such configurations, once a day.
inline constexpr char kTieringJob[] = "s3.tiering";
// Does what is due now. Blocks; many short transactions. It may run twice.
void run_tiering(Service& service, aws::Region& region, Time now);

}  // namespace holm::s3
