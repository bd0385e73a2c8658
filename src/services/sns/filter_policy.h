// Which messages a subscription wants.
// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "formats/value.h"

namespace holm::sns {

enum class FilterScope { MessageAttributes, MessageBody };

// Reads and checks one; the error is a sentence.
Result<formats::Value> parse_filter_policy(std::string_view text, FilterScope scope);

// `policy` is what parse_filter_policy() gave. `message` is an object: the attributes by name, or the body.
bool passes(const formats::Value& policy, const formats::Value& message);

}  // namespace holm::sns
