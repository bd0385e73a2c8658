// Stacks as rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service/call.h"
#include "stacks/state.h"

namespace holm::cloudformation {

using aws::Call;

struct StackRow {
  std::string account, region;
  stacks::Stack stack;  // Without its resources.
  aws::Principal principal;
  std::vector<std::string> capabilities;
  bool disable_rollback = false;
  bool is_protected = false;
  std::optional<int64_t> timeout_minutes;
};

// By id in any state; a name means the stack of that name that is not deleted.
std::optional<StackRow> find_stack(Call& call, std::string_view name_or_id);
// Throws ValidationError "Stack with id … does not exist".
StackRow require_stack(Call& call, std::string_view name_or_id);
std::vector<StackRow> all_stacks(Call& call);
std::optional<StackRow> find_stack_by_id(sql::Transaction& transaction, const std::string& id);
std::vector<stacks::Resource> resources_of(sql::Transaction& transaction, const std::string& stack_id);
void insert_stack(Call& call, const StackRow& row);
void save_stack(sql::Transaction& transaction, const stacks::Stack& stack);

[[noreturn]] void throw_validation(const std::string& message);

}  // namespace holm::cloudformation
