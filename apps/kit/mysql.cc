// One connection to MySQL or MariaDB, over libmariadb.

#include "kit/mysql.h"

#include <mysql.h>

#include <charconv>

namespace kit {

namespace {

constexpr unsigned kReadSeconds = 20;
constexpr char kSessionSettings[] =
    "SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE', "
    "innodb_lock_wait_timeout = 10";

}  // namespace

bool DatabaseError::is_lost_writer() const {
  switch (code) {
    case 2002:  // Cannot connect through the socket.
    case 2003:  // Cannot connect to the host.
    case 2005:  // Unknown host.
    case 2006:  // The server has gone away.
    case 2012:  // Error in the handshake.
    case 2013:  // Connection lost during a statement.
    case 2026:  // TLS ended.
    case 2055:  // Connection lost, extended form.
    case 1040:  // Too many connections.
    case 1053:  // The server is shutting down.
    case 1152:  // The connection was aborted.
    case 1290:  // The server is read-only: a writer that became a reader.
    case 1792:  // Likewise, as a transaction.
    case 1836:  // Likewise, in read-only mode.
    case 1927:  // The connection was killed.
      return true;
    default:
      return false;
  }
}

Argument::Argument(const std::optional<std::string>& text) {
  if (text) value = *text;
}

Row::Row(std::shared_ptr<const std::vector<std::string>> names,
         std::vector<std::optional<std::string>> cells)
    : names_(std::move(names)), cells_(std::move(cells)) {}

const std::optional<std::string>& Row::cell(std::string_view column) const {
  for (std::size_t i = 0; i < names_->size(); ++i) {
    if ((*names_)[i] == column) return cells_[i];
  }
  throw std::logic_error("no column " + std::string(column));
}

std::string Row::text(std::string_view column) const { return cell(column).value_or(""); }

std::int64_t Row::number(std::string_view column) const {
  const std::optional<std::string>& value = cell(column);
  std::int64_t number = 0;
  if (value) std::from_chars(value->data(), value->data() + value->size(), number);
  return number;
}

bool Row::is_null(std::string_view column) const { return !cell(column).has_value(); }

struct Connection::Handle {
  MYSQL mysql{};
};

Connection::Connection(const DatabaseOptions& options) : handle_(std::make_unique<Handle>()) {
  MYSQL* mysql = mysql_init(&handle_->mysql);
  unsigned connect_seconds = static_cast<unsigned>(options.connect_seconds);
  unsigned read_seconds = kReadSeconds;
  mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
  mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &read_seconds);
  mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &read_seconds);
  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  bool is_local = !options.socket.empty();
  // CLIENT_FOUND_ROWS: affected_rows() counts rows found, also when nothing changed in them.
  MYSQL* connected = mysql_real_connect(
      mysql, is_local ? nullptr : options.host.c_str(), options.user.c_str(),
      options.password.c_str(), options.name.empty() ? nullptr : options.name.c_str(),
      static_cast<unsigned>(options.port), is_local ? options.socket.c_str() : nullptr,
      CLIENT_FOUND_ROWS);
  if (connected == nullptr) {
    DatabaseError error(mysql_errno(mysql), mysql_error(mysql));
    mysql_close(mysql);
    throw error;
  }
  if (mysql_query(mysql, kSessionSettings) != 0) {
    DatabaseError error(mysql_errno(mysql), mysql_error(mysql));
    mysql_close(mysql);
    throw error;
  }
}

Connection::~Connection() { mysql_close(&handle_->mysql); }

void Connection::fail() const {
  throw DatabaseError(mysql_errno(&handle_->mysql), mysql_error(&handle_->mysql));
}

// The server parses no backslash-free mode and no double-quoted names (see the session settings),
// so escaping by the library is exact.
std::string Connection::fill(std::string_view sql, const std::vector<Argument>& arguments) {
  std::string filled;
  std::size_t next = 0;
  char quote = 0;
  for (char c : sql) {
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    }
    if (c != '?' || quote != 0) {
      filled += c;
      continue;
    }
    if (next >= arguments.size()) throw std::logic_error("more ? than arguments");
    const Value& value = arguments[next++].value;
    if (const auto* text = std::get_if<std::string>(&value)) {
      std::string escaped(text->size() * 2 + 1, '\0');
      escaped.resize(mysql_real_escape_string(&handle_->mysql, escaped.data(), text->data(),
                                              text->size()));
      filled += "'" + escaped + "'";
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      filled += std::to_string(*number);
    } else {
      filled += "NULL";
    }
  }
  if (next != arguments.size()) throw std::logic_error("fewer ? than arguments");
  return filled;
}

std::vector<Row> Connection::collect() {
  MYSQL_RES* result = mysql_store_result(&handle_->mysql);
  if (result == nullptr) {
    if (mysql_field_count(&handle_->mysql) != 0) fail();
    return {};
  }
  std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> owner(result, &mysql_free_result);
  unsigned count = mysql_num_fields(result);
  MYSQL_FIELD* fields = mysql_fetch_fields(result);
  std::vector<std::string> names;
  for (unsigned i = 0; i < count; ++i) names.emplace_back(fields[i].name);
  auto shared = std::make_shared<const std::vector<std::string>>(std::move(names));
  std::vector<Row> rows;
  while (MYSQL_ROW row = mysql_fetch_row(result)) {
    unsigned long* lengths = mysql_fetch_lengths(result);
    std::vector<std::optional<std::string>> cells(count);
    for (unsigned i = 0; i < count; ++i) {
      if (row[i] != nullptr) cells[i] = std::string(row[i], lengths[i]);
    }
    rows.emplace_back(shared, std::move(cells));
  }
  return rows;
}

std::vector<Row> Connection::run(std::string_view sql, const std::vector<Argument>& arguments) {
  std::string filled = fill(sql, arguments);
  if (mysql_real_query(&handle_->mysql, filled.data(), filled.size()) != 0) fail();
  return collect();
}

std::vector<Row> Connection::run(std::string_view sql,
                                 std::initializer_list<Argument> arguments) {
  return run(sql, std::vector<Argument>(arguments));
}

std::int64_t Connection::inserted_id() const {
  return static_cast<std::int64_t>(mysql_insert_id(&handle_->mysql));
}

std::int64_t Connection::affected_rows() const {
  return static_cast<std::int64_t>(mysql_affected_rows(&handle_->mysql));
}

}  // namespace kit
