// DB clusters: a volume, a writer and their common settings.
#pragma once

#include "services/rds/rows.h"

namespace holm::rds {

DBCluster describe_cluster(Call& call, const ClusterRow& row);

// AWS's words for an action that the state does not allow.
void require_cluster_available(const ClusterRow& row);

}  // namespace holm::rds
