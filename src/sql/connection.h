// One connection to SQLite and its prepared statements. Only this folder knows of it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sql/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace holm::sql {

// Full: the file is never torn, log_sync.h makes commits durable, and checkpointer.h folds the log into the file.
// None: a crash may leave anything, and the connection folds the log itself.
enum class Durability { Full, None };

// One thread at a time.
class Connection {
 public:
  // Opens or makes the file. Throws DatabaseError.
  Connection(const std::string& path, Access access, Durability durability);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::vector<Row> run(std::string_view statement, const std::vector<Value>& arguments);
  // Runs several statements separated by semicolons, without arguments or rows.
  void run_script(std::string_view statements);
  int64_t changes() const;
  // Whether the last commit wrote anything to the log.
  bool has_logged() const { return has_logged_; }
  // How long the log was after the last commit that wrote to it.
  int log_pages() const { return log_pages_; }

  // Beside: as much as nobody is in the way of. Whole: all of it, so that the next writer begins the log anew,
  // unless somebody is in the way of that for longer than the patience. Without a writer's transaction.
  enum class Fold { Beside, Whole };
  void fold_log(Fold fold) noexcept;
  void set_patience(std::chrono::milliseconds patience) noexcept;
  // Nothing of an open transaction is kept; without one, nothing happens.
  void roll_back() noexcept;
  // Undoes what was done since the savepoint and ends it.
  void undo_savepoint(const std::string& name) noexcept;
  bool is_in_transaction() const;

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  sqlite3_stmt* prepare(std::string_view statement);
  void forget_statements() noexcept;
  [[noreturn]] void fail(std::string_view statement);

  // SQLite tells here that a commit was written, and how long the log is.
  static int on_log(void* self, sqlite3* handle, const char* database, int pages);

  sqlite3* handle_ = nullptr;
  bool has_logged_ = false;
  int log_pages_ = 0;
  Access access_;
  Durability durability_;
  std::unordered_map<std::string, sqlite3_stmt*, TextHash, std::equal_to<>> statements_;
};

}  // namespace holm::sql
