// Recording what is measured of topics.

#include "services/sns/metrics.h"

namespace holm::sns {

void Measured::record(std::string_view name, double value, std::string_view unit) const {
  recorder.record(
      {.metric = {topic.account, topic.region, "AWS/SNS", std::string(name), {{"TopicName", topic.name}}},
       .unit = std::string(unit)},
      time, metrics::Statistics::of(value));
}

}  // namespace holm::sns
