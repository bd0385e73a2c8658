// The steps that make the service's tables. Generated from schema.sql; do not edit.
#pragma once

#include <vector>

#include "sql/database.h"

namespace holm::sample {

std::vector<sql::Migration> migrations();

}  // namespace holm::sample
