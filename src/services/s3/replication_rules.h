// What a bucket's replication rules say about a version, for the job that carries them out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/s3/versions.h"

namespace holm::s3 {

std::optional<ReplicationConfiguration> find_replication(sql::Transaction& transaction, int64_t bucket);
// The rules that a version is replicated by, one for each destination.
std::vector<ReplicationRule> rules_for(const ReplicationConfiguration& configuration, const VersionRow& row);
std::string destination_bucket(const ReplicationRule& rule);

}  // namespace holm::s3
