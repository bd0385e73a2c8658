// The job that copies one version to the buckets that rules name.

#include <fmt/format.h>

#include <functional>

#include "aws/service/identity.h"
#include "aws/service/region.h"
#include "base/check.h"
#include "base/log.h"
#include "blobs/blobs.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "services/s3/attributes.h"
#include "services/s3/changes.h"
#include "services/s3/notifications.h"
#include "services/s3/public_access.h"
#include "services/s3/replication.h"
#include "services/s3/replication_rules.h"
#include "services/s3/service.h"

namespace holm::s3 {

namespace {

constexpr int kAttemptsMax = 50;  // A destination that cannot be written to for about 45 minutes.
constexpr size_t kCopiedBytes = 1024 * 1024;
constexpr std::chrono::minutes kSession{15};

// The version that a job is about, as it is now.
struct Source {
  BucketRow bucket;
  VersionRow row;
  std::string owner;
  ReplicationConfiguration configuration;
  std::vector<ReplicationRule> rules;
};

struct Name {
  std::string bucket;
  std::string key;
  std::string version;
};

Name name_in(const jobs::Job& job) {
  const auto payload = formats::parse_json(job.payload);
  CHECK(payload.has_value());
  auto member = [&](std::string_view name) {
    const formats::Value* found = payload->find(name);
    CHECK(found && found->as_string());
    return *found->as_string();
  };
  return {member("bucket"), member("key"), member("version")};
}

std::optional<Source> find_source(Records& records, Call& call, const Name& name) {
  const auto bucket = find_bucket(call.transaction, name.bucket);
  if (!bucket) return std::nullopt;
  auto row = find_version(records, bucket->id, name.key, name.version);
  auto configuration = find_replication(call.transaction, bucket->id);
  if (!row || !configuration) return std::nullopt;
  std::vector<ReplicationRule> rules = rules_for(*configuration, *row);
  std::string owner = owner_in(*bucket, ownership_of({call.transaction, bucket->id}), row->owner);
  return Source{.bucket = *bucket,
                .row = std::move(*row),
                .owner = std::move(owner),
                .configuration = std::move(*configuration),
                .rules = std::move(rules)};
}

// The role that the bucket's owner has given S3 for this; nothing when it is gone or does not trust S3.
std::optional<aws::Principal> principal_of(Service& service, const std::string& role) {
  auto issued =
      service.identities().issue_role_credentials(role, "s3.amazonaws.com", "s3-replication", kSession);
  if (!issued) return std::nullopt;
  const auto credentials =
      service.identities().find_credentials(issued->key.access_key_id, issued->session_token);
  if (!credentials) return std::nullopt;
  return (*credentials)->principal;
}

aws::Access access_to(Call& call, const BucketRow& bucket, std::string action, const std::string& key) {
  return {.action = std::move(action),
          .resource = bucket_arn(bucket.name) + "/" + key,
          .resource_policy = find_configuration(call.transaction, bucket.id, "policy"),
          .resource_account = bucket.account};
}

// What the role needs for one destination.
bool is_permitted(aws::Region& region, Call& call, const aws::Principal& role, const Source& source,
                  const BucketRow& target) {
  const bool is_marker = source.row.what == What::Marker;
  const std::string write = is_marker ? "s3:ReplicateDelete" : "s3:ReplicateObject";
  if (!region.may(call, role, access_to(call, target, write, source.row.key))) return false;
  if (is_marker) return true;
  return region.may(call, role,
                    access_to(call, source.bucket, "s3:GetObjectVersionForReplication", source.row.key));
}

// The same bytes, sealed as they are, as a blob of its own.
std::shared_ptr<NewBlob> copy_blob(Service& service, const std::string& id) {
  auto reader = service.store().open(id);
  auto writer = service.store().create();
  CHECK(reader.has_value() && writer.has_value());
  std::string buffer(kCopiedBytes, '\0');
  for (uint64_t offset = 0; offset < (*reader)->size();) {
    const auto got = (*reader)->read_at(offset, buffer.data(), buffer.size());
    CHECK(got.has_value() && *got > 0);
    const auto written = (*writer)->write(std::string_view(buffer).substr(0, *got));
    CHECK(written.has_value());
    offset += *got;
  }
  auto made = (*writer)->finish();
  CHECK(made.has_value());
  return std::make_shared<NewBlob>(service.store(), std::move(*made));
}

// One version on its way to one destination.
class Replication {
 public:
  Replication(Service& service, aws::Region& region, const aws::Principal& role, const Source& source,
              const ReplicationRule& rule)
      : service_(service), region_(region), role_(role), source_(source), rule_(rule) {
    caller_ = region.caller(source.bucket.account, source.bucket.region, "s3.amazonaws.com");
  }

  // Whether the replica is there.
  bool run() {
    bool is_possible = false, is_there = false;
    std::function<void(Call&)> look = [&](Call& call) {
      Records records(service_);
      const auto target = find_target(call);
      is_possible = target && is_permitted(region_, call, role_, source_, *target);
      if (is_possible) is_there = find_version(records, target->id, key(), version()).has_value();
      if (is_possible && !is_there && source_.row.what == What::Object) lease(records);
    };
    region_.transact(caller_, sql::Access::Read, look);
    if (!is_possible) return false;
    if (!is_there) copy_bytes();
    std::function<void(Call&)> store = [&](Call& call) {
      change(service_, call, [&](Records& records) { is_possible = write(call, records); });
    };
    region_.transact(caller_, sql::Access::Write, store);
    return is_possible;
  }

 private:
  const std::string& key() const { return source_.row.key; }
  const std::string& version() const { return source_.row.version; }

  std::optional<BucketRow> find_target(Call& call) const {
    auto target = find_bucket(call.transaction, destination_bucket(rule_));
    if (target && target->versioning != Versioning::Enabled) return std::nullopt;
    return target;
  }

  void lease(Records& records) {
    auto extent = lease_sealed(service_, records, source_.row);
    CHECK(extent.has_value());  // Just going: the job looks again.
    extent_ = std::move(*extent);
  }

  void copy_bytes() {
    for (Piece& piece : extent_.pieces) {
      if (!piece.blob) continue;
      blobs_.push_back(copy_blob(service_, *piece.blob));
      piece.blob = blobs_.back()->id();
    }
  }

  bool write(Call& call, Records& records) {
    const auto target = find_target(call);
    if (!target) return false;
    if (auto there = find_version(records, target->id, key(), version())) {
      const VersionRow row = replica_row(call, *target);
      there->tags = row.tags;
      there->list = row.list;
      there->owner = row.owner;
      there->lock = row.lock;
      keep_version(records, target->id, *there);
      return true;
    }
    NewVersion replica{.row = replica_row(call, *target)};
    if (source_.row.part_count > 0) {
      replica.pieces = extent_.pieces;
    } else if (!extent_.pieces.empty()) {
      replica.blob = extent_.pieces.front().blob;
      replica.content = extent_.pieces.front().content;
      replica.sealed_key = extent_.pieces.front().sealed_key;
    }
    for (const auto& blob : blobs_) records.after_commit([blob] { blob->keep(); });
    const Change change = add_version(service_, call, records, *target, std::move(replica));
    if (source_.row.what == What::Marker) return true;
    record_event(service_, call, records, *target,
                 {.name = "ObjectCreated:Put",
                  .key = key(),
                  .bytes = source_.row.bytes,
                  .etag = source_.row.etag,
                  .version = version(),
                  .sequence = change.id});
    return true;
  }

  VersionRow replica_row(Call& call, const BucketRow& target) const {
    VersionRow row = source_.row;
    row.id = 0;
    row.replication = kReplica;
    row.restoration = {};
    row.stored = {};
    if (rule_.destination.storage_class) row.storage_class = *rule_.destination.storage_class;
    row.owner = source_.owner == target.account ? "" : source_.owner;
    if (!find_lock_configuration({call.transaction, target.id})) row.lock = {};
    return row;
  }

  Service& service_;
  aws::Region& region_;
  const aws::Principal& role_;
  const Source& source_;
  const ReplicationRule& rule_;
  aws::Caller caller_;
  Extent extent_;
  std::vector<std::shared_ptr<NewBlob>> blobs_;
};

}  // namespace

void replicate(Service& service, aws::Region& region, const jobs::Job& job) {
  const Name name = name_in(job);
  std::optional<Source> source;
  std::function<void(Call&)> look = [&](Call& call) {
    Records records(service);
    source = find_source(records, call, name);
  };
  region.transact(region.caller("", "", "s3.amazonaws.com"), sql::Access::Read, look);
  if (!source) return;
  const auto role = principal_of(service, source->configuration.role);
  bool is_complete = role.has_value();
  if (role && job.attempt <= kAttemptsMax) {
    for (const ReplicationRule& rule : source->rules) {
      is_complete = Replication(service, region, *role, *source, rule).run() && is_complete;
    }
  }
  if (!is_complete) {
    log::warning(fmt::format("S3: {} of {} cannot be replicated.", name.version, name.bucket));
  }
  std::function<void(Call&)> tell = [&](Call& call) {
    change(service, call, [&](Records& records) {
      auto row = find_version(records, source->bucket.id, name.key, name.version);
      if (!row || row->id != source->row.id) return;
      row->replication = is_complete ? "COMPLETED" : "FAILED";
      keep_version(records, source->bucket.id, *row);
    });
  };
  const aws::Caller caller = region.caller(source->bucket.account, source->bucket.region, "s3.amazonaws.com");
  region.transact(caller, sql::Access::Write, tell);
}

}  // namespace holm::s3
