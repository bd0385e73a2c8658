// How the parts of the region hand in what they have measured, without knowing who keeps it.
#pragma once

#include "base/clock.h"
#include "metrics/series.h"
#include "metrics/statistics.h"

namespace holm::metrics {

// Any thread; takes about a microsecond. What was handed in reaches the disk within seconds.
class Recorder {
 public:
  virtual ~Recorder() = default;
  // Adds what was measured at `time` (to the minute). Only what was measured: a value that is not known is
  // not handed in.
  virtual void record(const Series& series, Time time, const Statistics& measured) = 0;
};

}  // namespace holm::metrics
