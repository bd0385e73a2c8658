// A template against the resource types that exist: types, properties, attributes, policies.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "formats/value.h"
#include "stacks/resource_type.h"
#include "stacks/template.h"

namespace holm::stacks {

// The first thing that is wrong, or nothing: unknown types, unknown or missing properties, values
// of the wrong kind (as far as they are written out), GetAtt of unknown attributes, policies a type
// does not know.
std::optional<TemplateError> validate(const Template& declared, const TypeRegistry& types);

// Evaluated properties in the kinds of the schema: "80" becomes 80 where an Integer is wanted and
// so on.
Result<formats::Value, TemplateError> coerce(const formats::Value& properties,
                                             std::span<const PropertySchema> schema,
                                             const std::string& path);

}  // namespace holm::stacks
