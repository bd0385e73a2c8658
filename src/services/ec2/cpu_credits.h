// CPU credits, of which instances have as many as they like.
#pragma once

#include <optional>

#include "ec2/types.h"

namespace holm::ec2 {

// Refuses the mode "standard" by name.
void require_unlimited(const std::optional<CreditSpecificationRequest>& wanted);

}  // namespace holm::ec2
