// A demonstration school for an empty database.
#pragma once

#include <string>

#include "kit/mysql.h"

namespace school {

// Makes a year, six classes, some 120 pupils with guardians, a yearbook, and the accounts admin,
// office, teacher, editor and pupil, unless there is an account already. With an empty password
// each account gets a random one, told in the log. Throws kit::DatabaseError.
void seed_demonstration(const kit::DatabaseOptions& options, const std::string& password);

}  // namespace school
