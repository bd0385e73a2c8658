// Makes images of instances.
#pragma once

#include <string>

#include "base/clock.h"
#include "jobs/jobs.h"
#include "services/ec2/resource.h"

namespace holm::ec2 {

class Instances;
class Snapshots;
struct Dependencies;
struct ImageRow;

// Has an image looked at: when it is made, and whenever a snapshot for it is there.
void schedule_image(jobs::Jobs& jobs, sql::Transaction& transaction, const std::string& id, Time now);
// Whether the instance is to stay down until its image is made.
bool is_being_imaged(sql::Transaction& transaction, const std::string& instance);

// Any thread.
class ImageController final {
 public:
  ImageController(Dependencies& use, Instances& instances, Snapshots& snapshots);

  // Runs its jobs from now on.
  void start();

 private:
  jobs::Outcome run(const jobs::Job& job);
  void take_snapshots(const ImageRow& row);
  void settle(aws::Call& call, const ImageRow& row);

  Dependencies& use_;
  Instances& instances_;
  Snapshots& snapshots_;
};

}  // namespace holm::ec2
