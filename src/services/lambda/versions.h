// Versions: what of a function was published and never changes.
#pragma once

#include <optional>
#include <string>

#include "services/lambda/functions.h"

namespace holm::lambda {

// Throws ResourceConflictException while a change of the function is under way.
void require_settled(const VersionRow& row);
// Throws PreconditionFailedException when another revision is asked for.
void require_revision(const VersionRow& row, const std::optional<std::string>& revision_id);

// Publishes `latest`, or gives the version that is the same already.
FunctionConfiguration publish(Call& call, const VersionRow& latest,
                              const std::optional<std::string>& description);

}  // namespace holm::lambda
