// Rows and values as callers see them, and what every engine's transactions share.

#include <fmt/format.h>

#include "base/check.h"
#include "sql/database.h"

namespace holm::sql {

namespace {

template <class T>
const T& require_column(const std::vector<Value>& values, size_t column, std::string_view wanted) {
  if (column >= values.size()) {
    throw InternalFailure(fmt::format("column {} of a row of {}", column, values.size()));
  }
  const T* value = std::get_if<T>(&values[column]);
  if (value == nullptr) {
    throw InternalFailure(
        fmt::format("column {} is not {} (kind {})", column, wanted, values[column].index()));
  }
  return *value;
}

}  // namespace

Value optional_value(const std::optional<std::string>& text) { return text ? Value(*text) : Value(); }

Value optional_value(const std::optional<int64_t>& number) {
  return number ? Value(*number) : Value();
}

bool Row::is_null(size_t column) const {
  CHECK(column < values_.size());
  return std::holds_alternative<std::monostate>(values_[column]);
}

int64_t Row::integer(size_t column) const {
  return require_column<int64_t>(values_, column, "an integer");
}

double Row::real(size_t column) const {
  if (column < values_.size() && std::holds_alternative<int64_t>(values_[column])) {
    return static_cast<double>(std::get<int64_t>(values_[column]));
  }
  return require_column<double>(values_, column, "a number");
}

const std::string& Row::text(size_t column) const {
  return require_column<std::string>(values_, column, "text");
}

const std::string& Row::blob(size_t column) const {
  return require_column<Blob>(values_, column, "a blob").bytes;
}

std::optional<int64_t> Row::optional_integer(size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<std::string> Row::optional_text(size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<Row> Transaction::find(std::string_view statement, std::vector<Value> arguments) {
  std::vector<Row> rows = run(statement, std::move(arguments));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

void Database::migrate(std::string_view owner, std::vector<Migration> migrations) {
  migrate({Schema{.owner = owner, .migrations = std::move(migrations)}});
}

Savepoint::Savepoint(Transaction& transaction)
    : transaction_(transaction), mark_(transaction.open_savepoint()) {}

Savepoint::~Savepoint() {
  if (is_open_) transaction_.roll_back_savepoint(mark_);
}

void Savepoint::release() {
  CHECK(is_open_);
  transaction_.release_savepoint(mark_);
  is_open_ = false;
}

}  // namespace holm::sql
