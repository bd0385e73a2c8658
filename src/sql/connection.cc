// One connection to SQLite: opening, preparing, binding, and SQLite's errors as ours.

#include "sql/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <filesystem>

#include "base/check.h"

namespace holm::sql {

namespace {

// Callers' statements are constants, but some build lists of placeholders: those must not pile up.
constexpr size_t kStatementsMax = 1000;
constexpr int kBusyTimeoutMilliseconds = 10'000;
constexpr int kLogPagesMax = 1000;  // Until a log that nobody else folds is folded into the file.

// Statements contain no data (that is in the arguments), so they may be shown.
std::string shortened(std::string_view statement) {
  constexpr size_t kShown = 200;
  return std::string(statement.substr(0, kShown));
}

struct Binder {
  sqlite3_stmt* statement;
  int index;

  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(int64_t number) const { return sqlite3_bind_int64(statement, index, number); }
  int operator()(double number) const { return sqlite3_bind_double(statement, index, number); }
  int operator()(const std::string& text) const {
    return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(const Blob& blob) const {
    return sqlite3_bind_blob64(statement, index, blob.bytes.data(), blob.bytes.size(), SQLITE_STATIC);
  }
};

Value column_value(sqlite3_stmt* statement, int column) {
  auto bytes = [&](const void* data) {
    auto count = static_cast<size_t>(sqlite3_column_bytes(statement, column));
    return count == 0 ? std::string() : std::string(static_cast<const char*>(data), count);
  };
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER: return sqlite3_column_int64(statement, column);
    case SQLITE_FLOAT: return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: return bytes(sqlite3_column_text(statement, column));
    case SQLITE_BLOB: return Blob{bytes(sqlite3_column_blob(statement, column))};
    default: return std::monostate();
  }
}

Row current_row(sqlite3_stmt* statement) {
  int columns = sqlite3_column_count(statement);
  std::vector<Value> values;
  values.reserve(static_cast<size_t>(columns));
  for (int i = 0; i < columns; ++i) values.push_back(column_value(statement, i));
  return Row(std::move(values));
}

// A statement is reset on every way out, so that it holds no lock and borrows no argument.
struct Reset {
  sqlite3_stmt* statement;
  ~Reset() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

// SQLite counts the bytes that it has, under a lock that all connections share. Nobody asks for the count. It
// can only be said before the first connection; too late, it changes nothing.
void count_no_memory() {
  static const int kDone = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(kDone);
}

[[noreturn]] void refuse_file(const std::string& path, std::string_view reason) {
  throw DatabaseError(fmt::format("The database {} cannot be used: {}.", path, reason));
}

// SQLite says of some files that there is an error, and not which: a full disk is the one that people can do
// something about.
std::string reason_of(const std::string& path, int code, sqlite3* handle) {
  if (handle == nullptr) return "out of memory";
  constexpr uintmax_t kNothing = 64 * 1024;
  std::error_code error;
  const auto space = std::filesystem::space(std::filesystem::absolute(path).parent_path(), error);
  const bool is_full = sqlite3_system_errno(handle) == ENOSPC || (!error && space.available < kNothing);
  if ((code & 0xff) == SQLITE_IOERR && is_full) return "the disk is full";
  return sqlite3_errmsg(handle);
}

}  // namespace

Connection::Connection(const std::string& path, Access access, Durability durability)
    : access_(access), durability_(durability) {
  count_no_memory();
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout(handle_, kBusyTimeoutMilliseconds);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    std::string setup = fmt::format(
        "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
        "PRAGMA synchronous={}; PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=67108864;{}",
        durability == Durability::Full ? "NORMAL" : "OFF",
        access == Access::Read ? "PRAGMA query_only=ON;" : "");
    code = sqlite3_exec(handle_, setup.c_str(), nullptr, nullptr, nullptr);
  }
  if (code == SQLITE_OK) sqlite3_wal_hook(handle_, on_log, this);
  if (code != SQLITE_OK) {
    const std::string reason = reason_of(path, code, handle_);
    sqlite3_close(handle_);
    refuse_file(path, reason);
  }
}

Connection::~Connection() {
  forget_statements();
  sqlite3_close(handle_);
}

int Connection::on_log(void* self, sqlite3*, const char*, int pages) {
  auto* connection = static_cast<Connection*>(self);
  connection->has_logged_ = true;
  connection->log_pages_ = pages;
  if (connection->durability_ == Durability::None && pages >= kLogPagesMax)
    connection->fold_log(Fold::Beside);
  return SQLITE_OK;
}

// What stands in its way is no matter of any commit: a later time does it.
void Connection::fold_log(Fold fold) noexcept {
  const int mode = fold == Fold::Beside ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
  static_cast<void>(sqlite3_wal_checkpoint_v2(handle_, nullptr, mode, nullptr, nullptr));
}

void Connection::set_patience(std::chrono::milliseconds patience) noexcept {
  sqlite3_busy_timeout(handle_, static_cast<int>(patience.count()));
}

std::vector<Row> Connection::run(std::string_view statement, const std::vector<Value>& arguments) {
  has_logged_ = false;
  sqlite3_stmt* prepared = prepare(statement);
  Reset reset{prepared};
  if (static_cast<size_t>(sqlite3_bind_parameter_count(prepared)) != arguments.size()) {
    throw InternalFailure(fmt::format("{} arguments for: {}", arguments.size(), shortened(statement)));
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    int index = static_cast<int>(i) + 1;
    if (std::visit(Binder{prepared, index}, arguments[i]) != SQLITE_OK) fail(statement);
  }
  std::vector<Row> rows;
  int code = sqlite3_step(prepared);
  for (; code == SQLITE_ROW; code = sqlite3_step(prepared)) rows.push_back(current_row(prepared));
  if (code != SQLITE_DONE) fail(statement);
  return rows;
}

void Connection::run_script(std::string_view statements) {
  std::string text(statements);
  if (sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(statements);
}

int64_t Connection::changes() const { return sqlite3_changes64(handle_); }

bool Connection::is_in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

void Connection::roll_back() noexcept {
  if (is_in_transaction()) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

void Connection::undo_savepoint(const std::string& name) noexcept {
  std::string statements = "ROLLBACK TO " + name + "; RELEASE " + name;
  // What could not be undone alone must not be kept.
  if (sqlite3_exec(handle_, statements.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) roll_back();
}

sqlite3_stmt* Connection::prepare(std::string_view statement) {
  auto found = statements_.find(statement);
  if (found != statements_.end()) return found->second;
  if (statements_.size() >= kStatementsMax) forget_statements();
  sqlite3_stmt* prepared = nullptr;
  const char* rest = nullptr;
  int code = sqlite3_prepare_v3(handle_, statement.data(), static_cast<int>(statement.size()),
                                SQLITE_PREPARE_PERSISTENT, &prepared, &rest);
  if (code != SQLITE_OK) fail(statement);
  std::string_view tail(rest, static_cast<size_t>(statement.data() + statement.size() - rest));
  bool is_single = tail.find_first_not_of(" \t\r\n;") == std::string_view::npos;
  bool is_forbidden = access_ == Access::Read && sqlite3_stmt_readonly(prepared) == 0;
  if (prepared == nullptr || !is_single || is_forbidden) {
    sqlite3_finalize(prepared);
    throw InternalFailure(fmt::format("{}: {}",
                                      is_forbidden ? "a write in a read transaction" : "not one statement",
                                      shortened(statement)));
  }
  statements_.emplace(statement, prepared);
  return prepared;
}

void Connection::forget_statements() noexcept {
  for (const auto& [text, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
}

void Connection::fail(std::string_view statement) {
  std::string message = sqlite3_errmsg(handle_);
  int extended = sqlite3_extended_errcode(handle_);
  switch (extended & 0xff) {
    case SQLITE_CONSTRAINT: throw ConstraintViolation(message);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      // Part of the transaction may be lost already; the rest must not survive alone.
      roll_back();
      throw StorageFull(fmt::format("The database cannot be written: {} ({}).", message, extended));
    default: throw DatabaseError(fmt::format("{} ({}): {}", message, extended, shortened(statement)));
  }
}

}  // namespace holm::sql
