// The tables, made and changed by numbered steps.

#include "web/migrations.h"

#include <utility>

#include "embedded_school_web.h"
#include "kit/log.h"

namespace school {

namespace {

struct Step {
  int number;
  const char* name;
  std::string_view script;
};

constexpr char kJournal[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "  number INT NOT NULL PRIMARY KEY,"
    "  name VARCHAR(80) NOT NULL,"
    "  applied_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3))";

}  // namespace

std::vector<std::string> split_statements(std::string_view script) {
  std::vector<std::string> statements;
  std::string statement;
  while (!script.empty()) {
    std::size_t end = script.find('\n');
    std::string_view line = script.substr(0, end);
    script = end == std::string_view::npos ? std::string_view() : script.substr(end + 1);
    std::size_t first = line.find_first_not_of(' ');
    if (first == std::string_view::npos || line.substr(first).starts_with("--")) continue;
    statement += line;
    statement += '\n';
    if (line.ends_with(';')) statements.push_back(std::exchange(statement, ""));
  }
  return statements;
}

void take_lock(kit::Connection& connection, const char* name) {
  auto rows = connection.run("SELECT GET_LOCK(?, 120) AS got", {name});
  if (!rows.at(0).is_true("got")) throw kit::DatabaseUnavailable(0, "the lock is held too long");
}

void migrate(const kit::DatabaseOptions& options) {
  const Step steps[] = {{1, "school", k0001SchoolSql}};
  kit::Connection connection(options);
  take_lock(connection, "school_migrations");
  connection.run(kJournal);
  auto rows = connection.run("SELECT COALESCE(MAX(number), 0) AS newest FROM schema_migration");
  std::int64_t newest = rows.at(0).number("newest");
  for (const Step& step : steps) {
    if (step.number <= newest) continue;
    kit::log_line(std::string("database: step ") + step.name);
    for (const std::string& statement : split_statements(step.script)) {
      connection.run(statement);
    }
    connection.run("INSERT INTO schema_migration (number, name) VALUES (?, ?)",
                   {step.number, step.name});
  }
}

}  // namespace school
