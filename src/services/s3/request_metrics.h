// Metrics of the requests to a bucket, for whoever asked for them by a metrics configuration.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-configurations.html
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "aws/service/request_log.h"
#include "s3/types.h"
#include "services/s3/buckets.h"

namespace holm::metrics {
class Recorder;
}

namespace holm::s3 {

class Service;

// Owned by the service; any thread.
class RequestMetrics final : public aws::RequestLog {
 public:
  RequestMetrics(Service& service, metrics::Recorder& recorder) : service_(service), recorder_(recorder) {}

  bool is_wanted() const override { return is_wanted_; }
  void record(const aws::RequestRecord& record) override;

  // After what is set on buckets has changed, and at the start.
  void look(sql::Transaction& transaction);

 private:
  struct Watched {
    std::string account, region;
    int64_t bucket = 0;
    std::vector<MetricsConfiguration> filters;
  };
  bool is_about(const Watched& watched, const MetricsConfiguration& filter, const std::string& key) const;

  Service& service_;
  metrics::Recorder& recorder_;
  std::atomic<bool> is_wanted_ = false;
  std::mutex mutex_;
  std::map<std::string, Watched> watched_;  // By the bucket's name. Guarded by mutex_.
};

}  // namespace holm::s3
