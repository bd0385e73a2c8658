// Where the parts of the region have what they measure read.

#include "metrics/meters.h"

#include <utility>

namespace holm::metrics {

void Meters::every_minute(Reading reading) {
  std::lock_guard lock(mutex_);
  readings_.push_back(std::move(reading));
}

void Meters::read_all(Time minute) {
  std::vector<Reading> readings;
  {
    std::lock_guard lock(mutex_);
    readings = readings_;
  }
  for (const Reading& each : readings) each(recorder_, minute);
}

}  // namespace holm::metrics
