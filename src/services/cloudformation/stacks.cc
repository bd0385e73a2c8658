// Stacks as rows.

#include "services/cloudformation/stacks.h"

#include <fmt/format.h>

#include "aws/service/error.h"
#include "base/check.h"
#include "base/strings.h"
#include "formats/json.h"

namespace holm::cloudformation {

namespace {

constexpr char kColumns[] =
    "account, region, id, name, status, reason, created, updated, deleted, current, operation, principal,"
    " capabilities, disable_rollback, protected, timeout, role, change_set, request, parent, root";

std::string write_principal(const aws::Principal& principal) {
  formats::Object object;
  object.set("kind", static_cast<int64_t>(principal.kind));
  object.set("account", principal.account);
  object.set("arn", principal.arn);
  object.set("id", principal.id);
  object.set("role", principal.role_arn);
  object.set("policy", principal.session_policy);
  return formats::write_json(std::move(object));
}

aws::Principal read_principal(const std::string& text) {
  const auto value = formats::parse_json(text);
  CHECK(value.has_value());
  auto member = [&](std::string_view name) { return *value->find(name)->as_string(); };
  return {.kind = static_cast<aws::Principal::Kind>(*value->find("kind")->as_integer()),
          .account = member("account"),
          .arn = member("arn"),
          .id = member("id"),
          .role_arn = member("role"),
          .session_policy = member("policy")};
}

std::optional<Time> time_or_nothing(const std::optional<int64_t>& milliseconds) {
  return milliseconds ? std::optional(from_milliseconds(*milliseconds)) : std::nullopt;
}

sql::Value time_value(const std::optional<Time>& time) {
  return time ? sql::Value(to_milliseconds(*time)) : sql::Value();
}

StackRow read_row(const sql::Row& row) {
  StackRow result{.account = row.text(0), .region = row.text(1)};
  stacks::Stack& stack = result.stack;
  stack.id = row.text(2);
  stack.name = row.text(3);
  stack.status = stacks::find_stack_status(row.text(4)).value();
  stack.status_reason = row.text(5);
  stack.created = from_milliseconds(row.integer(6));
  stack.updated = time_or_nothing(row.optional_integer(7));
  stack.deleted = time_or_nothing(row.optional_integer(8));
  stack.current = stacks::read_deployment(row.text(9)).value();
  if (!row.is_null(10)) stack.operation = stacks::read_operation(row.text(10)).value();
  result.principal = read_principal(row.text(11));
  result.capabilities = split_list(row.text(12));
  result.disable_rollback = row.integer(13) != 0;
  result.is_protected = row.integer(14) != 0;
  result.timeout_minutes = row.optional_integer(15);
  result.role_arn = row.text(16);
  result.change_set = row.text(17);
  result.request = row.text(18);
  result.parent = row.text(19);
  result.root = row.text(20);
  return result;
}

std::vector<StackRow> rows_where(sql::Transaction& transaction, std::string_view condition,
                                 std::vector<sql::Value> arguments) {
  std::vector<StackRow> rows;
  for (const sql::Row& row :
       transaction.run(fmt::format("SELECT {} FROM cloudformation_stack WHERE {} ORDER BY created DESC, id",
                                   kColumns, condition),
                       std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

sql::Value operation_value(const stacks::Stack& stack) {
  return stack.operation ? sql::Value(stacks::write_operation(*stack.operation)) : sql::Value();
}

}  // namespace

const std::string& original_of(const stacks::Deployment& deployment) {
  return deployment.original_text.empty() ? deployment.template_text : deployment.original_text;
}

std::string name_in(std::string_view stack_id) {
  const size_t from = stack_id.find('/') + 1;
  return std::string(stack_id.substr(from, stack_id.find('/', from) - from));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  for (std::string_view each : split(text, ',')) {
    if (!each.empty()) parts.emplace_back(each);
  }
  return parts;
}

void throw_validation(const std::string& message) {
  throw aws::ServiceError("ValidationError", 400, message);
}

std::optional<StackRow> find_stack(Call& call, std::string_view name_or_id) {
  const bool is_id = name_or_id.starts_with("arn:");
  auto rows = rows_where(call.transaction,
                         fmt::format("account = ?1 AND region = ?2 AND {}",
                                     is_id ? "id = ?3" : "name = ?3 AND status <> 'DELETE_COMPLETE'"),
                         {call.account, call.region, std::string(name_or_id)});
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

StackRow require_stack(Call& call, std::string_view name_or_id) {
  auto row = find_stack(call, name_or_id);
  if (!row) throw_validation(fmt::format("Stack with id {} does not exist", name_or_id));
  return *row;
}

StackRow require_named_stack(Call& call, std::string_view name_or_id) {
  auto row = find_stack(call, name_or_id);
  if (!row) throw_validation(fmt::format("Stack [{}] does not exist", name_or_id));
  return *row;
}

std::vector<StackRow> all_stacks(Call& call) {
  return rows_where(call.transaction, "account = ?1 AND region = ?2", {call.account, call.region});
}

std::optional<StackRow> find_stack_by_id(sql::Transaction& transaction, const std::string& id) {
  auto rows = rows_where(transaction, "id = ?1", {id});
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

std::vector<stacks::Resource> resources_of(sql::Transaction& transaction, const std::string& stack_id) {
  std::vector<stacks::Resource> resources;
  for (const sql::Row& row : transaction.run(
           "SELECT resource FROM cloudformation_resource WHERE stack = ?1 ORDER BY rowid", {stack_id})) {
    resources.push_back(stacks::read_resource(row.text(0)).value());
  }
  return resources;
}

void insert_stack(Call& call, const StackRow& row) {
  const stacks::Stack& stack = row.stack;
  call.transaction.run(
      "INSERT INTO cloudformation_stack (account, region, id, name, status, reason, created, current,"
      " principal, capabilities, protected, parent, root)"
      " VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7, ?8, '', ?9, ?10, ?11)",
      {call.account, call.region, stack.id, stack.name, std::string(stacks::to_text(stack.status)),
       to_milliseconds(stack.created), stacks::write_deployment(stack.current),
       write_principal(row.principal), int64_t{row.is_protected}, row.parent, row.root});
  save_request(call, row);
}

void save_request(Call& call, const StackRow& row) {
  call.transaction.run(
      "UPDATE cloudformation_stack SET principal = ?2, capabilities = ?3, disable_rollback = ?4,"
      " timeout = ?5, role = ?6, change_set = ?7, request = ?8 WHERE id = ?1",
      {row.stack.id, write_principal(row.principal), join(row.capabilities, ","),
       int64_t{row.disable_rollback}, sql::optional_value(row.timeout_minutes), row.role_arn,
       row.change_set, row.request});
}

void save_stack(sql::Transaction& transaction, const stacks::Stack& stack) {
  transaction.run(
      "UPDATE cloudformation_stack SET status = ?2, reason = ?3, created = ?4, updated = ?5, deleted = ?6,"
      " current = ?7, operation = ?8 WHERE id = ?1",
      {stack.id, std::string(stacks::to_text(stack.status)), stack.status_reason,
       to_milliseconds(stack.created), time_value(stack.updated), time_value(stack.deleted),
       stacks::write_deployment(stack.current), operation_value(stack)});
}

}  // namespace holm::cloudformation
