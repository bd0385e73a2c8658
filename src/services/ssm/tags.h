// Tags of parameters.
#pragma once

#include <string>
#include <vector>

#include "ssm/handlers.h"

namespace holm::ssm {

void write_tags(Call& call, const std::string& name, const std::vector<Tag>& tags);
// Of a parameter that is gone.
void delete_tags(Call& call, const std::string& name);

}  // namespace holm::ssm
