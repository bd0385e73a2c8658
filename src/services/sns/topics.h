// Topics: names, rows, policies.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "sns/handlers.h"

namespace holm::sns {

struct TopicId {
  std::string account, region, name;
  std::string arn() const;
  bool operator==(const TopicId&) const = default;
};

// "arn:aws:sns:region:account:name"; nothing for anything else.
std::optional<TopicId> find_topic_id(const std::string& arn);
// Throws InvalidParameter that names `parameter`.
TopicId topic_id(const std::string& arn, std::string_view parameter = "TopicArn");

bool topic_exists(Call& call, const TopicId& id);
// Throws NotFound.
void require_topic(Call& call, const TopicId& id);

using Attributes = std::map<std::string, std::string>;
// Those that were set.
Attributes attributes_of(Call& call, const TopicId& id);
std::string policy_of(Call& call, const TopicId& id);
// Throws InvalidParameter, or NotImplemented for what is not built.
void set_attribute(Call& call, const TopicId& id, const std::string& name, const std::string& value);

void write_tags(Call& call, const TopicId& id, const std::vector<Tag>& tags);
std::vector<Tag> tags_of(Call& call, const TopicId& id);

// Whether the topic's policy lets a service publish. Throws AuthorizationError.
void require_service_may_publish(Call& call, const TopicId& id);

[[noreturn]] void throw_invalid(const std::string& what);  // "Invalid parameter: " and what.
// " Reason: …" where `arn` has too few elements, nothing where another thing about it is wrong.
std::string reason_against_arn(const std::string& arn);

}  // namespace holm::sns
