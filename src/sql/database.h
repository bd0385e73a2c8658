// The region's durable state: SQLite behind an interface that PostgreSQL can stand behind too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace holm::sql {

// Bytes are text too: SQLite columns declared BLOB take and give std::string through Blob.
struct Blob {
  std::string bytes;
};

using Value = std::variant<std::monostate, int64_t, double, std::string, Blob>;

// A null for the absent, the value otherwise.
Value optional_value(const std::optional<std::string>& text);
Value optional_value(const std::optional<int64_t>& number);

// One row of a result. Columns count from 0 in the order of the SELECT list. Asking for a column in the
// wrong type or beyond the end is a bug of the caller and throws InternalFailure.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}

  size_t size() const { return values_.size(); }
  bool is_null(size_t column) const;
  int64_t integer(size_t column) const;
  double real(size_t column) const;  // Integers are converted.
  const std::string& text(size_t column) const;
  const std::string& blob(size_t column) const;
  std::optional<int64_t> optional_integer(size_t column) const;
  std::optional<std::string> optional_text(size_t column) const;

 private:
  std::vector<Value> values_;
};

// The statement broke a constraint (unique, foreign key, check). The transaction goes on.
class ConstraintViolation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The disk is full or the file cannot be written. Nothing of the transaction is kept.
class StorageFull : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Any other failure of the engine.
class DatabaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Access { Read, Write };

// An open transaction, used by one thread at a time. Rolls back when destroyed uncommitted. A read
// transaction sees one snapshot and refuses to write.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // Runs one statement. `?1`, `?2` … stand for `arguments`. Statements are prepared once a connection.
  virtual std::vector<Row> run(std::string_view statement, std::vector<Value> arguments = {}) = 0;
  // The first row, or nothing.
  std::optional<Row> find(std::string_view statement, std::vector<Value> arguments = {});
  // How many rows the last INSERT, UPDATE or DELETE touched.
  virtual int64_t changes() const = 0;

  // Effects the outside sees, run in order by commit() once the transaction is durable; dropped on rollback.
  virtual void after_commit(std::function<void()> effect) = 0;

  // Makes the writes durable, lets the next writer in and runs the effects on this thread, all of them; the
  // first exception of one is then passed on. The transaction is closed, whether this succeeds or throws.
  virtual void commit() = 0;

  virtual Access access() const = 0;

 protected:
  friend class Savepoint;
  // A mark to go back to; `mark` counts the open ones from 1.
  virtual size_t open_savepoint() = 0;
  virtual void release_savepoint(size_t mark) = 0;
  virtual void roll_back_savepoint(size_t mark) noexcept = 0;
};

// A part of a transaction that can fail by itself: unless released, its destructor undoes the writes made and
// drops the effects registered since it was opened. They nest, the innermost ends first.
class Savepoint {
 public:
  explicit Savepoint(Transaction& transaction);
  ~Savepoint();
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;

  // Keeps what was done; whether it becomes durable is now up to what is around it.
  void release();

 private:
  Transaction& transaction_;
  size_t mark_;
  bool is_open_ = true;
};

// A set of numbered steps that bring a service's tables to the version this program needs.
struct Migration {
  int number;  // From 1, without gaps.
  std::string_view statements;
};

// The steps of one owner, such as a service.
struct Schema {
  std::string_view owner;
  std::vector<Migration> migrations;
  // What they come to, for an owner who has had none: SQLite reads every table anew after each ALTER TABLE.
  // Empty: the steps are taken one by one.
  std::string_view tables = {};
};

// One database. Any thread may begin transactions; writers queue up for the single writer, first come, first
// served. It outlives its transactions.
class Database {
 public:
  virtual ~Database() = default;
  // Blocks while the writer is taken. A thread that begins to write while it has a write transaction open would
  // wait for itself: that throws InternalFailure. A reader never waits for a writer.
  virtual std::unique_ptr<Transaction> begin(Access access) = 0;
  // Applies the steps that each owner has not had yet, each once, in order: all of them or none. Throws
  // DatabaseError when the file has had steps that this program does not know.
  virtual void migrate(const std::vector<Schema>& schemas) = 0;
  void migrate(std::string_view owner, std::vector<Migration> migrations);
};

// Opens or makes the database file `path` (WAL, synchronous=FULL); ":memory:" gives a private one for tests,
// which keeps nothing but behaves alike.
// Throws DatabaseError when the file is unusable, with words for the person who started the daemon.
std::unique_ptr<Database> open_sqlite(const std::string& path);
// The same, brought to `schemas`. A file that is made gets its name once all of it is durable: a crash leaves
// none or the whole, and the first start waits for the disk once.
std::unique_ptr<Database> open_sqlite(const std::string& path, const std::vector<Schema>& schemas);

}  // namespace holm::sql
