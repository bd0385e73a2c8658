// Versions and uploads that former versions of the program kept as rows of the database.
#pragma once

#include <cstdint>

namespace holm::s3 {

class Service;

// Makes records of them, and what is added to the store's numbers to make ids that are greater than theirs.
// Blocks; before the first request. A crash in between does no harm: it goes on at the next start.
int64_t take_rows_over(Service& service);

}  // namespace holm::s3
