// MySQL and MariaDB: statements with values, transactions, and a bounded pool of connections that
// finds the new writer after a failover.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace kit {

struct DatabaseOptions {
  std::string host;
  std::string socket;  // A path; when given, host and port do not count.
  int port = 3306;
  std::string name;
  std::string user;
  std::string password;
  std::size_t connections_max = 16;
  int connect_seconds = 3;
  int reconnect_seconds = 8;  // How long one request looks for a writer that was lost.
};

// A statement failed. `code` is the server's or the client library's error number.
class DatabaseError : public std::runtime_error {
 public:
  DatabaseError(unsigned error_code, const std::string& message)
      : std::runtime_error(message), code(error_code) {}
  // A unique key was hit.
  bool is_duplicate() const { return code == 1062; }
  // The server is gone or has become a reader: worth another try on a new connection.
  bool is_lost_writer() const;
  // The transaction was rolled back through no fault of its own.
  bool is_conflict() const { return code == 1213 || code == 1205; }

  unsigned code;
};

// No connection was to be had in time.
class DatabaseUnavailable : public DatabaseError {
 public:
  using DatabaseError::DatabaseError;
};

struct Null {};
using Value = std::variant<Null, std::int64_t, std::string>;

// A value of a statement.
struct Argument {
  Argument(Null) {}                                                         // NOLINT
  Argument(std::string_view text) : value(std::string(text)) {}             // NOLINT
  Argument(const std::string& text) : value(text) {}                        // NOLINT
  Argument(const char* text) : value(std::string(text)) {}                  // NOLINT
  Argument(const std::optional<std::string>& text);                         // NOLINT
  template <std::integral Number>
  Argument(Number number) : value(static_cast<std::int64_t>(number)) {}     // NOLINT
  Value value;
};

// One row; columns by name. Asking for a column that is not there is a bug: std::logic_error.
class Row {
 public:
  Row(std::shared_ptr<const std::vector<std::string>> names,
      std::vector<std::optional<std::string>> cells);

  std::string text(std::string_view column) const;  // NULL is "".
  std::int64_t number(std::string_view column) const;  // NULL is 0.
  bool is_null(std::string_view column) const;
  bool is_true(std::string_view column) const { return number(column) != 0; }

 private:
  const std::optional<std::string>& cell(std::string_view column) const;

  std::shared_ptr<const std::vector<std::string>> names_;
  std::vector<std::optional<std::string>> cells_;
};

// One connection; used by one thread at a time. Times are UTC, text is UTF-8, writes are strict.
class Connection {
 public:
  explicit Connection(const DatabaseOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Each ? outside quotes is replaced by an argument. Throws DatabaseError.
  std::vector<Row> run(std::string_view sql, std::initializer_list<Argument> arguments = {});
  std::vector<Row> run(std::string_view sql, const std::vector<Argument>& arguments);
  // Of the last statement.
  std::int64_t inserted_id() const;
  std::int64_t affected_rows() const;

 private:
  std::string fill(std::string_view sql, const std::vector<Argument>& arguments);
  std::vector<Row> collect();
  [[noreturn]] void fail() const;

  struct Handle;
  std::unique_ptr<Handle> handle_;
};

// A bounded set of connections. Any thread.
class Database {
 public:
  explicit Database(DatabaseOptions options);
  ~Database();

  // Runs `work` in a transaction: committed when it returns, rolled back when it throws. When the
  // writer is lost before the commit, or the transaction lost a conflict, it is run once more on a
  // new connection, so `work` must not have other effects. A writer lost during the commit leaves
  // the outcome unknown and is reported, not repeated.
  template <class Work>
  auto transaction(Work work) {
    using Result = std::invoke_result_t<Work, Connection&>;
    if constexpr (std::is_void_v<Result>) {
      run_transaction(work);
    } else {
      std::optional<Result> result;
      run_transaction([&](Connection& connection) { result = work(connection); });
      return *std::move(result);
    }
  }

  // One statement, with the same second try; for reading.
  std::vector<Row> read(std::string_view sql, std::initializer_list<Argument> arguments = {});
  std::vector<Row> read(std::string_view sql, const std::vector<Argument>& arguments);

 private:
  void run_transaction(const std::function<void(Connection&)>& work);
  void attempt(const std::function<void(Connection&)>& work, int attempt_number);
  std::unique_ptr<Connection> take();
  std::unique_ptr<Connection> connect(int seconds);
  void give_back(std::unique_ptr<Connection> connection);
  void forget_idle();
  void release_place();

  struct Idle;
  DatabaseOptions options_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Idle> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace kit
