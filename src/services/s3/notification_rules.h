// Which events of a bucket are told, and whom.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/s3/buckets.h"

namespace holm::s3 {

// One configuration, whatever it leads to: the ARN says that.
struct EventRule {
  std::string id;
  std::string arn;
  std::vector<std::string> events;  // "s3:ObjectCreated:*"
  std::string prefix, suffix;       // Of the keys.
};

// Whether it is about an event ("s3:ObjectCreated:Put") of a key.
bool is_about(const EventRule& rule, const std::string& event, const std::string& key);

// Whether anybody is told anything.
bool tells_events(const Settings& settings);
// Empty where nobody is told anything.
std::vector<EventRule> find_event_rules(const Settings& settings);

// The service of an ARN: "lambda", "sns"; empty for what is none.
std::string service_in(const std::string& arn);

}  // namespace holm::s3
