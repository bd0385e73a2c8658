// The database on SQLite: one writer served first come, first served, and readers beside it.

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <future>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <thread>

#include "base/check.h"
#include "base/files.h"
#include "base/unique_fd.h"
#include "sql/checkpointer.h"
#include "sql/connection.h"
#include "sql/derived.h"
#include "sql/kept_snapshots.h"
#include "sql/log_sync.h"
#include "sql/new_file.h"
#include "sql/quick_reads.h"

namespace holm::sql {

namespace {

// A handler may open a second read transaction while it has one, so the bound on readers is far above the
// number of worker threads; connections beyond the idle ones are closed after use.
constexpr size_t kReadersMax = 64;
constexpr size_t kReadersIdle = 8;

// Lets in at most `places` at a time, in the order in which they came.
class Turnstile {
 public:
  explicit Turnstile(size_t places) : free_(places) {}

  void enter() {
    std::unique_lock lock(mutex_);
    if (free_ > 0 && queue_.empty()) {
      --free_;
      return;
    }
    Waiter waiter;
    queue_.push_back(&waiter);
    waiter.turn.wait(lock, [&] { return waiter.is_let_in; });
  }

  // False instead of waiting.
  bool try_enter() {
    std::lock_guard lock(mutex_);
    if (free_ == 0 || !queue_.empty()) return false;
    --free_;
    return true;
  }

  void leave() {
    std::lock_guard lock(mutex_);
    if (queue_.empty()) {
      ++free_;
      return;
    }
    // The place is handed over, so that nobody who comes now can take it first.
    Waiter* next = queue_.front();
    queue_.pop_front();
    next->is_let_in = true;
    next->turn.notify_one();
  }

 private:
  struct Waiter {
    std::condition_variable turn;
    bool is_let_in = false;
  };

  std::mutex mutex_;
  size_t free_;
  std::deque<Waiter*> queue_;
};

// A private folder for a database that keeps nothing; in memory where the system has such a place.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = std::filesystem::is_directory("/dev/shm") ? "/dev/shm/holm-XXXXXX" : "/tmp/holm-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw DatabaseError(fmt::format("No scratch database can be made: {}.", std::strerror(errno)));
    }
    path = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string path;
};

class SqliteDatabase;

class SqliteTransaction final : public Transaction, public Snapshot {
 public:
  SqliteTransaction(SqliteDatabase& database, std::unique_ptr<Connection> connection, Access access);
  ~SqliteTransaction() override;

  std::vector<Row> run(std::string_view statement, std::vector<Value> arguments) override;
  int64_t changes() const override { return changes_; }
  void after_commit(std::function<void()> effect) override;
  void commit() override;
  Access access() const override { return access_; }
  Derived* derived() override;
  void run_script(std::string_view statements) { require_open().run_script(statements); }
  // One for reading: its snapshot can be used again under this number.
  void keep_as(std::optional<uint64_t> number) { kept_number_ = number; }
  // What others have worked out of its snapshot.
  void take_derived(std::unique_ptr<Derived> derived) { derived_ = std::move(derived); }

 protected:
  size_t open_savepoint() override;
  void release_savepoint(size_t mark) override;
  void roll_back_savepoint(size_t mark) noexcept override;

 private:
  Connection& require_open();
  void close() noexcept;

  SqliteDatabase& database_;
  std::unique_ptr<Connection> connection_;  // Null once closed.
  Access access_;
  int64_t changes_ = 0;
  bool is_committed_ = false;
  std::optional<uint64_t> kept_number_;
  std::unique_ptr<Derived> derived_;
  std::vector<std::function<void()>> effects_;
  std::vector<size_t> effects_at_savepoint_;
};

class SqliteDatabase final : public Database, public QuickReads {
 public:
  SqliteDatabase(const std::string& path, Durability durability) : path_(path), durability_(durability) {
    prepare_file();
  }
  explicit SqliteDatabase(std::unique_ptr<ScratchFolder> scratch)
      : scratch_(std::move(scratch)), path_(scratch_->path + "/database"), durability_(Durability::None) {
    prepare_file();
  }

  std::unique_ptr<Transaction> begin(Access access) override { return begin_sqlite(access); }
  using Database::migrate;
  void migrate(const std::vector<Schema>& schemas) override;
  void let_in(std::thread::id thread) override;
  std::unique_ptr<Transaction> try_begin(Shown shown) override;

  // Writes the commit; its number for make_durable(), 0 when nothing has to be.
  uint64_t commit(Connection& connection, Access access);
  void make_durable(uint64_t number);
  // Until everything that was written so far is durable.
  void settle() noexcept;
  // Called when a transaction is over, with its connection.
  void give_back(std::unique_ptr<Connection> connection, Access access) noexcept;
  // The same for a reader with its snapshot, unless that is old.
  bool keep(std::unique_ptr<Connection>& connection, std::unique_ptr<Derived>& derived, uint64_t number) noexcept;

 private:
  std::unique_ptr<SqliteTransaction> begin_sqlite(Access access);
  // The last step that the owner has had.
  int64_t number_had(Transaction& transaction, const Schema& schema) const;
  std::unique_ptr<Connection> take_writer();
  std::unique_ptr<Connection> take_reader();
  // Null when none is idle.
  std::unique_ptr<Connection> try_take_reader();
  // A transaction that shows what was committed before this.
  std::unique_ptr<SqliteTransaction> begin_reading(std::unique_ptr<Connection> connection);
  std::unique_ptr<SqliteTransaction> try_begin_reading();
  void take_back(std::vector<std::unique_ptr<Connection>> readers) noexcept;
  void prepare_file();

  std::unique_ptr<ScratchFolder> scratch_;  // First, so that it goes after the connections.
  std::string path_;
  Durability durability_;
  Turnstile writing_{1};
  Turnstile reading_{kReadersMax};
  std::unique_ptr<LogSync> log_sync_;  // Null when nothing has to last, as the next.
  std::unique_ptr<KeptSnapshots> snapshots_;
  std::mutex mutex_;  // Guards what follows.
  std::thread::id writing_thread_;
  std::unique_ptr<Connection> writer_;
  std::vector<std::unique_ptr<Connection>> readers_;
  std::shared_mutex quick_mutex_;
  std::set<std::thread::id> quick_threads_;  // Guarded by the mutex before it.
  std::unique_ptr<Checkpointer> checkpointer_;  // Null without a log sync. Its thread uses all of the above.
};

SqliteTransaction::SqliteTransaction(SqliteDatabase& database, std::unique_ptr<Connection> connection,
                                     Access access)
    : database_(database), connection_(std::move(connection)), access_(access) {}

SqliteTransaction::~SqliteTransaction() { close(); }

Connection& SqliteTransaction::require_open() {
  if (connection_ == nullptr) throw InternalFailure("The transaction is closed.");
  // A full disk ends SQLite's transaction; what runs now would be a transaction of its own.
  if (!connection_->is_in_transaction()) throw StorageFull("The transaction was lost to an earlier error.");
  return *connection_;
}

std::vector<Row> SqliteTransaction::run(std::string_view statement, std::vector<Value> arguments) {
  Connection& connection = require_open();
  std::vector<Row> rows = connection.run(statement, arguments);
  changes_ = connection.changes();
  return rows;
}

Derived* SqliteTransaction::derived() {
  if (access_ == Access::Write) return nullptr;
  if (derived_ == nullptr) derived_ = std::make_unique<Derived>();
  return derived_.get();
}

void SqliteTransaction::after_commit(std::function<void()> effect) {
  require_open();
  effects_.push_back(std::move(effect));
}

void SqliteTransaction::close() noexcept {
  if (connection_ == nullptr) return;
  if (kept_number_ && database_.keep(connection_, derived_, *kept_number_)) return;
  connection_->roll_back();
  database_.give_back(std::move(connection_), access_);
  // Whoever is told why nothing was written is told of commits that may not be durable yet.
  if (access_ == Access::Write && !is_committed_) database_.settle();
}

// The next writer goes on while this one waits for the disk.
void SqliteTransaction::commit() {
  CHECK(effects_at_savepoint_.empty());
  struct Closing {
    SqliteTransaction* transaction;
    ~Closing() { transaction->close(); }
  };
  uint64_t number = 0;
  {
    Closing closing{this};
    // What only read has nothing to commit, and may be kept as it is.
    if (!kept_number_) number = database_.commit(require_open(), access_);
    is_committed_ = true;
  }
  database_.make_durable(number);
  std::vector<std::future<void>> results;
  for (std::function<void()>& effect : effects_) {
    // A packaged task keeps an exception for later, so that the other effects happen too.
    std::packaged_task<void()> task(std::move(effect));
    results.push_back(task.get_future());
    task();
  }
  effects_.clear();
  for (std::future<void>& result : results) result.get();
}

size_t SqliteTransaction::open_savepoint() {
  size_t mark = effects_at_savepoint_.size() + 1;
  Connection& connection = require_open();
  if (access_ == Access::Write) connection.run(fmt::format("SAVEPOINT holm_{}", mark), {});
  effects_at_savepoint_.push_back(effects_.size());
  return mark;
}

void SqliteTransaction::release_savepoint(size_t mark) {
  CHECK(mark == effects_at_savepoint_.size());
  Connection& connection = require_open();
  if (access_ == Access::Write) connection.run(fmt::format("RELEASE holm_{}", mark), {});
  effects_at_savepoint_.pop_back();
}

void SqliteTransaction::roll_back_savepoint(size_t mark) noexcept {
  CHECK_FATAL(mark == effects_at_savepoint_.size());
  effects_.resize(effects_at_savepoint_.back());
  effects_at_savepoint_.pop_back();
  if (access_ == Access::Read || connection_ == nullptr || !connection_->is_in_transaction()) return;
  connection_->undo_savepoint(fmt::format("holm_{}", mark));
}

// Takes room for the log beyond its end, where SQLite goes on writing: small transactions, such as those that
// remove things, are still taken when the disk is full. A file system that cannot do it has no such room.
void reserve_log(const std::string& path) {
  constexpr off_t kLogBytes = off_t{16} << 20;
  UniqueFd file(::open((path + "-wal").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file) static_cast<void>(::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, kLogBytes));
}

void SqliteDatabase::prepare_file() {
  // Made beforehand, because SQLite would let others read it.
  UniqueFd file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) {
    throw DatabaseError(fmt::format("The database {} cannot be opened: {}.", path_, std::strerror(errno)));
  }
  file.reset();
  writer_ = std::make_unique<Connection>(path_, Access::Write, durability_);
  // A folder that cannot hold a write-ahead log leaves another mode, with weaker guarantees.
  std::vector<Row> mode = writer_->run("PRAGMA journal_mode", {});
  if (mode.empty() || mode.front().text(0) != "wal") {
    throw DatabaseError(fmt::format("The database {} cannot be used: its file system allows no "
                                    "write-ahead log.", path_));
  }
  writer_->run_script("CREATE TABLE IF NOT EXISTS holm_migration (owner TEXT NOT NULL, number INTEGER NOT NULL, "
                      "PRIMARY KEY (owner, number)) STRICT, WITHOUT ROWID");
  if (durability_ != Durability::Full) return;
  reserve_log(path_);
  log_sync_ = std::make_unique<LogSync>(path_ + "-wal");
  snapshots_ = std::make_unique<KeptSnapshots>(*log_sync_);
  checkpointer_ = std::make_unique<Checkpointer>(path_, [this](const std::function<void()>& fold) {
    writing_.enter();
    take_back(snapshots_->pause());
    fold();
    snapshots_->go_on();
    writing_.leave();
  });
}

std::unique_ptr<Connection> SqliteDatabase::take_writer() {
  {
    std::lock_guard lock(mutex_);
    if (writing_thread_ == std::this_thread::get_id()) {
      throw InternalFailure("This thread has a write transaction open already.");
    }
  }
  writing_.enter();
  std::lock_guard lock(mutex_);
  writing_thread_ = std::this_thread::get_id();
  return std::move(writer_);
}

std::unique_ptr<Connection> SqliteDatabase::take_reader() {
  reading_.enter();
  if (std::unique_ptr<Connection> idle = try_take_reader()) return idle;
  struct Leaving {
    Turnstile* turnstile;
    ~Leaving() {
      if (turnstile != nullptr) turnstile->leave();
    }
  };
  Leaving leaving{&reading_};
  auto reader = std::make_unique<Connection>(path_, Access::Read, durability_);
  leaving.turnstile = nullptr;
  return reader;
}

void SqliteDatabase::give_back(std::unique_ptr<Connection> connection, Access access) noexcept {
  if (access == Access::Write) {
    {
      std::lock_guard lock(mutex_);
      writer_ = std::move(connection);
      writing_thread_ = {};
    }
    writing_.leave();
    return;
  }
  {
    std::lock_guard lock(mutex_);
    if (readers_.size() < kReadersIdle) readers_.push_back(std::move(connection));
  }
  connection.reset();
  reading_.leave();
}

bool SqliteDatabase::keep(std::unique_ptr<Connection>& connection, std::unique_ptr<Derived>& derived,
                          uint64_t number) noexcept {
  if (!snapshots_->keep(connection, derived, number)) return false;
  reading_.leave();
  return true;
}

void SqliteDatabase::take_back(std::vector<std::unique_ptr<Connection>> readers) noexcept {
  std::lock_guard lock(mutex_);
  for (std::unique_ptr<Connection>& reader : readers) {
    if (readers_.size() < kReadersIdle) readers_.push_back(std::move(reader));
  }
}

uint64_t SqliteDatabase::commit(Connection& connection, Access access) {
  if (access == Access::Read || log_sync_ == nullptr) {
    connection.run("COMMIT", {});
    return 0;
  }
  struct Written {
    LogSync& sync;
    Connection& connection;
    uint64_t number;
    ~Written() { sync.written(number, connection.has_logged()); }
  };
  const Written written{*log_sync_, connection, log_sync_->announce()};
  take_back(snapshots_->end_all());
  connection.run("COMMIT", {});
  if (connection.has_logged()) checkpointer_->look(connection.log_pages());
  return written.number;
}

void SqliteDatabase::settle() noexcept {
  if (log_sync_ != nullptr) log_sync_->wait_for_all();
}

void SqliteDatabase::make_durable(uint64_t number) {
  if (number != 0) log_sync_->wait(number);
}

std::unique_ptr<SqliteTransaction> SqliteDatabase::begin_sqlite(Access access) {
  if (access == Access::Read) {
    std::unique_ptr<SqliteTransaction> transaction = begin_reading(take_reader());
    // What it shows may not be durable yet, and must not be told to anybody before it is.
    if (log_sync_ != nullptr) log_sync_->wait_for_all();
    return transaction;
  }
  std::unique_ptr<Connection> connection = take_writer();
  Connection& opened = *connection;
  // From here the transaction's destructor gives the connection back whatever happens.
  auto transaction = std::make_unique<SqliteTransaction>(*this, std::move(connection), access);
  opened.run("BEGIN IMMEDIATE", {});
  return transaction;
}

std::unique_ptr<SqliteTransaction> SqliteDatabase::begin_reading(std::unique_ptr<Connection> connection) {
  Connection& opened = *connection;
  auto transaction = std::make_unique<SqliteTransaction>(*this, std::move(connection), Access::Read);
  opened.run("BEGIN", {});
  // SQLite takes the snapshot at the first read; ours is that of this moment.
  opened.run("SELECT 1 FROM holm_migration LIMIT 1", {});
  return transaction;
}

std::unique_ptr<Connection> SqliteDatabase::try_take_reader() {
  std::lock_guard lock(mutex_);
  if (readers_.empty()) return nullptr;
  std::unique_ptr<Connection> reader = std::move(readers_.back());
  readers_.pop_back();
  return reader;
}

void SqliteDatabase::let_in(std::thread::id thread) {
  std::lock_guard lock(quick_mutex_);
  quick_threads_.insert(thread);
}

std::unique_ptr<Transaction> SqliteDatabase::try_begin(Shown shown) {
  {
    std::shared_lock lock(quick_mutex_);
    if (!quick_threads_.contains(std::this_thread::get_id())) return nullptr;
  }
  std::unique_ptr<SqliteTransaction> transaction = try_begin_reading();
  if (transaction == nullptr) return nullptr;
  const bool may_be_told = shown == Shown::Written || log_sync_ == nullptr || log_sync_->is_all_durable();
  if (!may_be_told) return nullptr;
  return transaction;
}

std::unique_ptr<SqliteTransaction> SqliteDatabase::try_begin_reading() {
  if (!reading_.try_enter()) return nullptr;
  if (snapshots_ != nullptr) {
    if (KeptSnapshots::Snapshot kept = snapshots_->take(); kept.connection != nullptr) {
      auto transaction = std::make_unique<SqliteTransaction>(*this, std::move(kept.connection), Access::Read);
      transaction->keep_as(kept.number);
      transaction->take_derived(std::move(kept.derived));
      return transaction;
    }
  }
  std::unique_ptr<Connection> connection = try_take_reader();
  if (connection == nullptr) {
    reading_.leave();
    return nullptr;
  }
  const auto number = snapshots_ != nullptr ? snapshots_->number() : std::nullopt;
  std::unique_ptr<SqliteTransaction> transaction = begin_reading(std::move(connection));
  transaction->keep_as(number);
  return transaction;
}

int64_t SqliteDatabase::number_had(Transaction& transaction, const Schema& schema) const {
  const int64_t had = transaction.find("SELECT coalesce(max(number), 0) FROM holm_migration WHERE owner = ?1",
                                       {std::string(schema.owner)})->integer(0);
  if (had > static_cast<int64_t>(schema.migrations.size())) {
    throw DatabaseError(fmt::format("The database {} was last used by a newer holm: {} is at version {}, this "
                                    "program knows {}.", path_, schema.owner, had, schema.migrations.size()));
  }
  return had;
}

void SqliteDatabase::migrate(const std::vector<Schema>& schemas) {
  for (const Schema& schema : schemas) {
    for (int expected = 1; const Migration& step : schema.migrations) CHECK(step.number == expected++);
  }
  // One transaction, so that the first start waits for the disk once.
  std::unique_ptr<SqliteTransaction> transaction = begin_sqlite(Access::Write);
  for (const Schema& schema : schemas) {
    const std::vector<Migration>& steps = schema.migrations;
    const auto had = static_cast<size_t>(number_had(*transaction, schema));
    const bool is_at_once = had == 0 && !schema.tables.empty();
    if (is_at_once) transaction->run_script(schema.tables);
    for (size_t next = had; next < steps.size(); ++next) {
      if (!is_at_once) transaction->run_script(steps[next].statements);
      transaction->run("INSERT INTO holm_migration (owner, number) VALUES (?1, ?2)",
                       {std::string(schema.owner), int64_t{steps[next].number}});
    }
  }
  transaction->commit();
}

// What a database of this path consists of, beside the file itself.
void remove_companions(const std::string& path) {
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    std::error_code ignored;
    std::filesystem::remove(path + suffix, ignored);
  }
}

// `fill` writes the whole database at the path that it is given.
void make_file(const std::string& path, const std::function<void(const std::string&)>& fill) {
  const std::string unfinished = path + ".new";
  std::error_code ignored;
  std::filesystem::remove(unfinished, ignored);
  remove_companions(unfinished);
  fill(unfinished);
  // Those of a database that somebody took away would be taken for the new one's.
  remove_companions(path);
  if (auto named = rename_durably(unfinished, path); !named) {
    throw DatabaseError(fmt::format("The database {} cannot be made: {}.", path, named.error().message));
  }
}

std::unique_ptr<Database> open_or_make(const std::string& path, const std::vector<Schema>& schemas,
                                       const std::function<void(const std::string&)>& fill) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) make_file(path, fill);
  std::unique_ptr<Database> database = open_sqlite(path);
  database->migrate(schemas);
  return database;
}

}  // namespace

Derived* find_derived(Transaction& transaction) {
  // To a class that is final, which is a comparison and no search.
  auto* snapshot = dynamic_cast<SqliteTransaction*>(&transaction);
  return snapshot != nullptr ? snapshot->derived() : nullptr;
}

QuickReads* find_quick_reads(Database& database) { return dynamic_cast<SqliteDatabase*>(&database); }

std::unique_ptr<Transaction> try_read(Database& database, Shown shown) {
  QuickReads* quick = find_quick_reads(database);
  return quick != nullptr ? quick->try_begin(shown) : nullptr;
}

std::unique_ptr<Database> open_sqlite(const std::string& path) {
  if (path == ":memory:") return std::make_unique<SqliteDatabase>(std::make_unique<ScratchFolder>());
  return std::make_unique<SqliteDatabase>(path, Durability::Full);
}

std::unique_ptr<Database> open_sqlite(const std::string& path, const std::vector<Schema>& schemas) {
  // Closing it folds the write-ahead log into the file.
  return open_or_make(path, schemas, [&](const std::string& unfinished) {
    SqliteDatabase(unfinished, Durability::None).migrate(schemas);
  });
}

std::unique_ptr<Database> open_sqlite(const std::string& path, const std::vector<Schema>& schemas,
                                      const std::function<Result<void>(const std::string&)>& write_empty) {
  return open_or_make(path, schemas, [&](const std::string& unfinished) {
    if (auto written = write_empty(unfinished); !written) {
      throw DatabaseError(fmt::format("The database {} cannot be made: {}.", path, written.error().message));
    }
  });
}

}  // namespace holm::sql
