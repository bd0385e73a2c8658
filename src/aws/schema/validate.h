// Whether a request's input is what the model demands, and whether all of it is honoured.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/schema/shape.h"

namespace holm::aws {

// One thing that is wrong with one member.
struct Violation {
  enum class Rule { Required, Length, Range, Pattern, Enumeration };
  Rule rule;
  std::string path;    // As AWS writes it in messages: "tags.1.member.key".
  std::string member;  // The model's name of the member, or of the one whose element is wrong: "Tags", "Key".
  Location location;   // Where that member travels.
  std::string value;   // "null", "'x'", "'[a, b]'"; empty for what is sensitive.
  std::string constraint;  // "Member must have length less than or equal to 64"
};

struct ValidationError {
  std::vector<Violation> violations;  // At least one, in the order of the model.

  // "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: …; Value null at …".
  // Values are shortened, and those of sensitive members left out.
  std::string message() const;
};

// Every violation of the model's constraints by `value`, of `shape`, up to a limit; nothing when there is
// none. Any thread. The first use of each pattern compiles it.
std::optional<ValidationError> validate(const Shape& shape, const void* value);

// The path ("BlockDeviceMappings.Ebs.Iops") of the first member that is given, does not merely say the
// default (false, 0, empty) and is read by no code; nothing when all is honoured.
std::optional<std::string> find_unhonoured(const Shape& shape, const void* value);

}  // namespace holm::aws
