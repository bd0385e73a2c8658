// The steps that make the service's tables. Generated from schema.sql; do not edit.
#pragma once

#include <string_view>
#include <vector>

#include "sql/database.h"

namespace holm::sample {

std::vector<sql::Migration> migrations();
// What all of them together come to, for a new database; empty where they write rows too.
std::string_view tables();

}  // namespace holm::sample
