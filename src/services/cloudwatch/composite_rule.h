// The rules of composite alarms: ALARM("a") AND (OK(b) OR NOT INSUFFICIENT_DATA(c)).
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "services/cloudwatch/alarm_evaluation.h"

namespace holm::cloudwatch {

// Untrusted text; nothing else than what AWS documents is understood.
class CompositeRule final {
 public:
  static Result<CompositeRule> parse(std::string_view text);

  // Alarms the rule is about, by name or ARN, each once, in the order of their appearance.
  std::vector<std::string> alarms() const;
  // `state_of` tells the state of an alarm of alarms().
  bool holds(const std::function<AlarmState(const std::string& alarm)>& state_of) const;

  struct Node;

 private:
  explicit CompositeRule(std::shared_ptr<const Node> root);

  std::shared_ptr<const Node> root_;
};

}  // namespace holm::cloudwatch
