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
  std::string role_arn;    // Empty: the stack acts for whoever asked for its last operation.
  std::string change_set;  // The id of the one executed last; empty: none was.
  std::string request;     // "CreateStack token": of the last operation that began.
  // Of a nested stack: whose resource it is, and the stack at the top. Ids; empty for others.
  std::string parent, root;
};

// By id in any state; a name means the stack of that name that is not deleted.
std::optional<StackRow> find_stack(Call& call, std::string_view name_or_id);
// Throws ValidationError "Stack with id … does not exist".
StackRow require_stack(Call& call, std::string_view name_or_id);
// Throws ValidationError "Stack [x] does not exist", as operations on stacks say it.
StackRow require_named_stack(Call& call, std::string_view name_or_id);
std::vector<StackRow> all_stacks(Call& call);
std::optional<StackRow> find_stack_by_id(sql::Transaction& transaction, const std::string& id);
std::vector<stacks::Resource> resources_of(sql::Transaction& transaction, const std::string& stack_id);
void insert_stack(Call& call, const StackRow& row);
// Everything but what save_stack() writes: for whom and how the next operation runs.
void save_request(Call& call, const StackRow& row);
void save_stack(sql::Transaction& transaction, const stacks::Stack& stack);

// The template as it was given, before its transforms.
const std::string& original_of(const stacks::Deployment& deployment);
// The name in a stack's ARN.
std::string name_in(std::string_view stack_id);
// "a,b" and back.
std::vector<std::string> split_list(std::string_view text);

[[noreturn]] void throw_validation(const std::string& message);

}  // namespace holm::cloudformation
