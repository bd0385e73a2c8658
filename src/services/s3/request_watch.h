// Everybody in S3 who wants to know of requests.
#pragma once

#include "services/s3/access_log.h"
#include "services/s3/request_metrics.h"

namespace holm::s3 {

// Any thread.
class RequestWatch final : public aws::RequestLog {
 public:
  RequestWatch(AccessLog& log, RequestMetrics& metrics) : log_(log), metrics_(metrics) {}

  bool is_wanted() const override { return log_.is_wanted() || metrics_.is_wanted(); }
  void record(const aws::RequestRecord& record) override {
    if (log_.is_wanted()) log_.record(record);
    if (metrics_.is_wanted()) metrics_.record(record);
  }

 private:
  AccessLog& log_;
  RequestMetrics& metrics_;
};

}  // namespace holm::s3
