// Snapshots that are over, kept for whoever reads next: a few rows take less than to begin and to end.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "sql/connection.h"
#include "sql/derived.h"

namespace holm::sql {

class LogSync;

// Connections with a read transaction that shows everything that was committed. The next commit ends them, so that
// nobody reads what is old, and the log is not kept from beginning anew. Any thread.
class KeptSnapshots final {
 public:
  struct Snapshot {
    std::unique_ptr<Connection> connection;  // Null: there is none.
    uint64_t number = 0;
    std::unique_ptr<Derived> derived = {};  // Null: there is nothing yet.
  };

  explicit KeptSnapshots(LogSync& sync) : sync_(sync) {}

  // Asked before a snapshot is taken: the number under which it can be kept. Nothing while a commit is being
  // written, of which nobody knows whether the snapshot shows it.
  std::optional<uint64_t> number() const;

  Snapshot take();
  // Takes the connection and what was worked out, unless something is newer than what it shows.
  bool keep(std::unique_ptr<Connection>& connection, std::unique_ptr<Derived>& derived, uint64_t number);

  // By whoever has the writer, after a commit was announced and before it is written: those that are kept, their
  // transactions ended.
  std::vector<std::unique_ptr<Connection>> end_all();
  // By the same: none is kept between these two.
  std::vector<std::unique_ptr<Connection>> pause();
  void go_on();

 private:
  std::vector<std::unique_ptr<Connection>> end(std::vector<Snapshot> snapshots) const;

  LogSync& sync_;
  std::mutex mutex_;  // Guards what follows.
  std::vector<Snapshot> kept_;
  bool is_paused_ = false;
};

}  // namespace holm::sql
