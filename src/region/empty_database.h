// The database of a region that has nothing yet.
#pragma once

#include <string>

#include "base/result.h"

namespace holm::region {

// Writes the file `path`, a database with the tables of schemas() as they were when this program was built.
// It is not synced; none but the owner may read it.
Result<void> write_empty_database(const std::string& path);

}  // namespace holm::region
