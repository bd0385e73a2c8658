// The tables, made and changed by numbered steps.
#pragma once

#include <string_view>

#include "kit/mysql.h"

namespace school {

// Runs the steps not yet run, under a database lock: of several instances that start together one
// does it and the others wait. Throws kit::DatabaseError.
void migrate(const kit::DatabaseOptions& options);

// The statements of a step: text up to each `;` at the end of a line, comments left out.
std::vector<std::string> split_statements(std::string_view script);

// Taken until the connection is closed; throws kit::DatabaseError when it is not had in two
// minutes.
void take_lock(kit::Connection& connection, const char* name);

}  // namespace school
