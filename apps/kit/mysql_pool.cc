// The bounded pool of connections, and the second try after a failover.

#include <chrono>
#include <thread>

#include "kit/clock.h"
#include "kit/log.h"
#include "kit/mysql.h"

namespace kit {

namespace {

// Connections are renewed, so that load spreads again after a failover or a new reader.
constexpr std::int64_t kConnectionSecondsMax = 300;
constexpr std::chrono::seconds kWaitForConnection{5};
constexpr std::chrono::milliseconds kBetweenConnects{250};

}  // namespace

struct Database::Idle {
  std::unique_ptr<Connection> connection;
  std::int64_t since_seconds = 0;
};

Database::Database(DatabaseOptions options) : options_(std::move(options)) {}
Database::~Database() = default;

std::unique_ptr<Connection> Database::take() {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_for(lock, kWaitForConnection,
                       [this] { return in_use_ < options_.connections_max; })) {
    throw DatabaseUnavailable(0, "all database connections are busy");
  }
  ++in_use_;
  std::int64_t oldest = unix_seconds() - kConnectionSecondsMax;
  while (!idle_.empty()) {
    Idle idle = std::move(idle_.back());
    idle_.pop_back();
    if (idle.since_seconds > oldest) return std::move(idle.connection);
  }
  return nullptr;
}

// The host's name is resolved at each connect: after a failover it names another machine.
std::unique_ptr<Connection> Database::connect(int seconds) {
  std::int64_t deadline = unix_milliseconds() + seconds * 1000;
  while (true) {
    try {
      return std::make_unique<Connection>(options_);
    } catch (const DatabaseError& error) {
      if (!error.is_lost_writer() || unix_milliseconds() >= deadline) {
        throw DatabaseUnavailable(error.code, error.what());
      }
    }
    std::this_thread::sleep_for(kBetweenConnects);
  }
}

void Database::give_back(std::unique_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  idle_.push_back({.connection = std::move(connection), .since_seconds = unix_seconds()});
}

void Database::forget_idle() {
  std::vector<Idle> forgotten;
  std::lock_guard lock(mutex_);
  forgotten.swap(idle_);
}

void Database::release_place() {
  {
    std::lock_guard lock(mutex_);
    --in_use_;
  }
  freed_.notify_one();
}

void Database::attempt(const std::function<void(Connection&)>& work, int attempt_number) {
  struct Place {
    Database& database;
    ~Place() { database.release_place(); }
  };
  std::unique_ptr<Connection> connection = take();
  Place place{*this};
  // The first try does not wait for a writer, the second does.
  if (!connection) connection = connect(attempt_number == 1 ? 0 : options_.reconnect_seconds);
  // A connection that leaves by an exception is closed, which rolls back.
  work(*connection);
  give_back(std::move(connection));
}

void Database::run_transaction(const std::function<void(Connection&)>& work) {
  bool is_committing = false;
  auto whole = [&](Connection& connection) {
    connection.run("START TRANSACTION");
    work(connection);
    is_committing = true;
    connection.run("COMMIT");
  };
  try {
    attempt(whole, 1);
    return;
  } catch (const DatabaseError& error) {
    bool is_worth_it = error.is_conflict() || (error.is_lost_writer() && !is_committing);
    if (!is_worth_it) throw;
    log_line(std::string("database: trying a transaction again: ") + error.what());
    if (error.is_lost_writer()) forget_idle();
  }
  is_committing = false;
  attempt(whole, 2);
}

std::vector<Row> Database::read(std::string_view sql, const std::vector<Argument>& arguments) {
  std::vector<Row> rows;
  auto work = [&](Connection& connection) { rows = connection.run(sql, arguments); };
  try {
    attempt(work, 1);
    return rows;
  } catch (const DatabaseError& error) {
    if (!error.is_lost_writer()) throw;
    log_line(std::string("database: reading again: ") + error.what());
    forget_idle();
  }
  attempt(work, 2);
  return rows;
}

std::vector<Row> Database::read(std::string_view sql,
                                std::initializer_list<Argument> arguments) {
  return read(sql, std::vector<Argument>(arguments));
}

}  // namespace kit
