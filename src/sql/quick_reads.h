// Read transactions for threads that serve many and may not wait: begun at once, or not at all.
#pragma once

#include <memory>
#include <thread>

#include "sql/database.h"

namespace holm::sql {

// What a transaction begun so may show.
enum class Shown {
  Durable,  // As any other: what it shows may be told.
  Written,  // What is written but not synced yet as well: to decide whether to go on, and not to be told.
};

// Beside Database, for those that can do it. Any thread. What is not in memory is still read from the disk, so
// these transactions are for a few rows that are found by their keys.
class QuickReads {
 public:
  virtual ~QuickReads() = default;

  // Lets a thread in; others are refused what follows.
  virtual void let_in(std::thread::id thread) = 0;
  // Null when to begin would mean to wait: for a sync of what is shown, or for a connection.
  virtual std::unique_ptr<Transaction> try_begin(Shown shown) = 0;
};

// Null when there is no such side to the database.
QuickReads* find_quick_reads(Database& database);
// Null also then, and for threads that were not let in.
std::unique_ptr<Transaction> try_read(Database& database, Shown shown);

}  // namespace holm::sql
