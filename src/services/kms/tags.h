// Tags of keys.
#pragma once

#include <vector>

#include "services/kms/keys.h"

namespace holm::kms {

// Adds tags or replaces their values. TagException, LimitExceededException.
void put_tags(Call& call, const KeyRow& key, const std::vector<Tag>& tags);

}  // namespace holm::kms
