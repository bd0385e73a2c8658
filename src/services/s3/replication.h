// Replication: what is written to one bucket is copied to others.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
#pragma once

#include <string>

#include "services/s3/versions.h"

namespace holm::aws {
class Region;
}
namespace holm::jobs {
struct Job;
}

namespace holm::s3 {

class Service;

inline constexpr char kReplica[] = "REPLICA";

bool is_replicated(sql::Transaction& transaction, int64_t bucket);

// "PENDING" where a rule of the bucket wants a replica of the version, else empty. Of versions that are about
// to be added; replicas are not replicated again.
std::string replication_of(sql::Transaction& transaction, const BucketRow& bucket, const VersionRow& row);
// Has a version, whose row says that it is wanted elsewhere, copied there once the commit is durable.
void schedule_replication(Records& records, Call& call, const BucketRow& bucket, const VersionRow& row);
// Keeps a version of which the tags or the lock have changed, and has its replicas changed.
void keep_changed(Records& records, Call& call, const BucketRow& bucket, VersionRow row);

// The kind of the job that copies one version.
inline constexpr char kReplicationJob[] = "s3.replication";
// Blocks. It may run twice: a replica that is there already is brought up to date.
void replicate(Service& service, aws::Region& region, const jobs::Job& job);

}  // namespace holm::s3
