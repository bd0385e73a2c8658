// What is measured of a topic.
// https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
#pragma once

#include <string_view>

#include "metrics/recorder.h"
#include "services/sns/topics.h"

namespace holm::sns {

// A place in AWS/SNS: one topic at a time.
struct Measured {
  metrics::Recorder& recorder;
  TopicId topic;
  Time time;

  void record(std::string_view name, double value, std::string_view unit) const;
};

}  // namespace holm::sns
