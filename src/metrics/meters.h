// Where the parts of the region have what they measure read, minute by minute.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "metrics/recorder.h"

namespace holm::metrics {

// Any thread. Who measures continuously records at once, or registers what is to be read.
class Meters final {
 public:
  using Reading = std::function<void(Recorder& recorder, Time minute)>;

  explicit Meters(Recorder& recorder) : recorder_(recorder) {}

  Recorder& recorder() { return recorder_; }
  // `reading` is called after the end of every minute, with its beginning; never twice at once. It may block
  // for milliseconds. A minute in which no daemon lived is not read.
  void every_minute(Reading reading);
  void read_all(Time minute);

 private:
  Recorder& recorder_;
  std::mutex mutex_;
  std::vector<Reading> readings_;  // Guarded by mutex_.
};

}  // namespace holm::metrics
