// What the handlers of S3 share.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/workers.h"
#include "aws/service/service.h"
#include "aws/service/short_reads.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/aead.h"
#include "services/s3/blob_leases.h"
#include "services/s3/outbox.h"

namespace holm::aws {
class BrowserRules;
class IdentityProvider;
class Region;
class RequestLog;
class Websites;
}  // namespace holm::aws
namespace holm::blobs {
class Store;
}
namespace holm::jobs {
class Jobs;
}
namespace holm::objects {
class Metadata;
class Store;
}  // namespace holm::objects
namespace holm::metrics {
class Recorder;
}
namespace holm::sql {
class Database;
}

namespace holm::s3 {

class AccessLog;
class CorsRules;
class RequestMetrics;
class RequestWatch;
class Sites;

// What a new bucket is like before anything is said about it.
enum class NewBuckets {
  Current,  // As on AWS since April 2023: no access control lists, nothing public.
  Classic,  // As on AWS before, and as other S3 servers do: lists count, nothing is blocked.
};

// Everything S3 is built on; all of it outlives the service.
struct Dependencies {
  sql::Database& database;
  objects::Store& objects;  // Versions and small bodies.
  blobs::Store& store;      // S3's own: blobs that no object has are removed.
  jobs::Jobs& jobs;
  aws::Region& region;
  async::Workers& workers;
  Clock& clock;
  Random& random;
  metrics::Recorder& metrics;
  aws::IdentityProvider& identities;
  crypto::Aead::Key key;  // Seals the keys of objects. The same for ever.
  NewBuckets new_buckets = NewBuckets::Current;
  std::chrono::milliseconds day = std::chrono::hours(24);  // Of lifecycle rules.
};

// One for all accounts and regions. Any thread.
class Service final : public aws::ServiceBase, public aws::ShortReads {
 public:
  // Hands jobs over on a worker, and calls `then`; false when there is no room for that. It outlives the
  // service.
  struct Later {
    sql::Database& database;
    jobs::Jobs& jobs;
    objects::Metadata& metadata;
    async::Workers& workers;
    bool hand_over(LaterJobs later, std::function<void()> then) const;
  };

  explicit Service(const Dependencies& dependencies);
  ~Service() override;

  std::vector<aws::Access> access(const aws::Operation& operation, const void* input,
                                  aws::Call& call) const override;
  bool is_short(const aws::Operation& operation) const override;
  // Takes over what former versions of the program kept as rows, removes what a crash left unreferenced, and
  // registers the jobs.
  void start() override;

  // What browsers may do with each bucket, for the gateway.
  const aws::BrowserRules& browser_rules() const;

  // The buckets that are web sites, for the gateway.
  const aws::Websites& sites() const;

  // Who wants to know of requests, for the gateway.
  aws::RequestLog& request_log();
  AccessLog& access_log() { return *access_log_; }
  RequestMetrics& request_metrics() { return *request_metrics_; }

  sql::Database& database() { return dependencies_.database; }
  blobs::Store& store() { return dependencies_.store; }
  BlobLeases& leases() const { return *leases_; }
  jobs::Jobs& jobs() { return dependencies_.jobs; }
  async::Workers& workers() { return dependencies_.workers; }
  objects::Store& objects() const { return dependencies_.objects; }
  // What numbers of the object store are added to, to be ids of versions.
  int64_t first_id() const { return first_id_; }
  // Where what a commit decided goes on.
  Later later();
  Random& random() { return dependencies_.random; }
  aws::IdentityProvider& identities() const { return dependencies_.identities; }
  // 32 bytes, of S3's own.
  const std::string& key() const { return key_; }
  std::chrono::milliseconds day() const { return dependencies_.day; }
  NewBuckets new_buckets() const { return dependencies_.new_buckets; }

 private:
  void sweep();
  void start_daily();
  void keep_daily(const char* kind, std::function<void(Time)> work);

  Dependencies dependencies_;
  const std::string key_;
  std::unique_ptr<BlobLeases> leases_;
  std::unique_ptr<CorsRules> browser_rules_;
  std::unique_ptr<Sites> sites_;
  std::unique_ptr<AccessLog> access_log_;
  std::unique_ptr<RequestMetrics> request_metrics_;
  std::unique_ptr<RequestWatch> request_watch_;
  int64_t first_id_ = 0;
};

}  // namespace holm::s3
