// The tables of everybody, made in one go: the first start then waits for the disk once.
#pragma once

#include <vector>

#include "sql/database.h"

namespace holm::region {

std::vector<sql::Schema> schemas();

}  // namespace holm::region
