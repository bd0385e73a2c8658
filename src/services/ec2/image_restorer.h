// Makes images of archives in S3.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-store-restore.html
#pragma once

#include <string>

#include "base/result.h"
#include "jobs/jobs.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

struct Dependencies;

// An image whose root is to be unpacked into a snapshot that waits for it.
struct ImageRestoration {
  std::string account, region, image, snapshot, bucket, key;
};

// Notes it and has it done.
void schedule_restoration(Call& call, jobs::Jobs& jobs, const ImageRestoration& what);

// Any thread.
class ImageRestorer final {
 public:
  explicit ImageRestorer(Dependencies& use);

  // Runs its jobs from now on.
  void start();

 private:
  jobs::Outcome run(const jobs::Job& job);
  Result<void> restore(const ImageRestoration& what);
  Result<void> unpack(const ImageRestoration& what, const std::string& folder);
  void finish(const ImageRestoration& what, const Result<void>& outcome);

  Dependencies& use_;
};

}  // namespace holm::ec2
