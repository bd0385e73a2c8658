// Server access logs: who asked for what in a bucket, delivered as objects of another one.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "aws/service/request_log.h"
#include "services/s3/buckets.h"

namespace holm::jobs {
struct Job;
}
namespace holm::aws {
class Region;
}

namespace holm::s3 {

class Service;

// Owned by the service; any thread. Lines wait in memory until they are delivered: as on AWS, a crash may
// lose some.
class AccessLog final : public aws::RequestLog {
 public:
  explicit AccessLog(Service& service) : service_(service) {}

  bool is_wanted() const override { return is_wanted_; }
  void record(const aws::RequestRecord& record) override;

  // After what is set on buckets has changed, and at the start.
  void look(sql::Transaction& transaction);
  // The lines of one source bucket that wait, and nothing any more.
  std::vector<std::string> take(const std::string& bucket);

 private:
  Service& service_;
  std::atomic<bool> is_wanted_ = false;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> lines_;  // By source bucket. Guarded by mutex_.
};

// The job that delivers what waits for one source bucket, a minute after its first line.
inline constexpr char kAccessLogJob[] = "s3.access-log";
// The lines that cannot be delivered are lost, with a sentence in the daemon's log.
void deliver_log(Service& service, aws::Region& region, const jobs::Job& job);

// "REST.GET.OBJECT" and the like.
std::string logged_operation(std::string_view operation, std::string_view method, std::string_view query,
                             bool is_object);

}  // namespace holm::s3
