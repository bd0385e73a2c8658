// What is wanted of a nested stack is a row. A job reads the template from S3 and begins the operation, which
// the nested stack's own job carries out; the resource in the parent looks at how that goes.

#include "services/cloudformation/nested_stacks.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/sync_wait.h"
#include "aws/service/attempt.h"
#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/random.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "services/cloudformation/operations.h"
#include "services/cloudformation/service.h"
#include "services/cloudformation/session.h"
#include "services/cloudformation/template_source.h"

namespace holm::cloudformation {

namespace {

using stacks::Properties;
using stacks::StackStatus;

constexpr std::chrono::milliseconds kAgain{500};

// A row of what is wanted, with the parent.
struct Wish {
  std::string id, child_id, name, kind;
  formats::Value properties;
  StackRow parent;
};

std::optional<Wish> find_wish(sql::Transaction& transaction, const std::string& id) {
  auto row = transaction.find(
      "SELECT stack, child, name, kind, properties FROM cloudformation_nested WHERE id = ?1 AND state = "
      "'WAITING'",
      {id});
  if (!row) return std::nullopt;
  auto parent = find_stack_by_id(transaction, row->text(0));
  auto properties = formats::parse_json(row->text(4));
  if (!parent || !properties) return std::nullopt;
  return Wish{id, row->text(1), row->text(2), row->text(3), std::move(*properties), std::move(*parent)};
}

void set_state(sql::Transaction& transaction, const std::string& id, const char* state,
               const std::string& problem = "") {
  transaction.run("UPDATE cloudformation_nested SET state = ?2, problem = ?3 WHERE id = ?1",
                  {id, std::string(state), problem});
}

aws::Caller caller_of(Service& service, const StackRow& parent) {
  aws::Caller caller = service.region().caller(parent.account, parent.region, "cloudformation.amazonaws.com");
  caller.principal = parent.principal;
  return caller;
}

std::vector<Parameter> parameters_of(const Properties& properties) {
  std::vector<Parameter> parameters;
  for (const auto& [key, value] : properties.text_map("Parameters")) {
    parameters.push_back({.parameter_key = key, .parameter_value = value});
  }
  return parameters;
}

// Its own, and below them its parent's.
std::vector<Tag> tags_of(const Properties& properties, const StackRow& parent) {
  std::vector<stacks::Tag> tags = properties.tags();
  if (parent.stack.operation) {
    for (const stacks::Tag& tag : parent.stack.operation->target.tags) {
      if (std::ranges::find(tags, tag.key, &stacks::Tag::key) == tags.end()) tags.push_back(tag);
    }
  }
  std::vector<Tag> result;
  for (const stacks::Tag& tag : tags) result.push_back({.key = tag.key, .value = tag.value});
  return result;
}

// Read from S3.
struct Source {
  std::string text;
  Expanded expanded;
};

stacks::Deployment deployment_for(Service& service, Call& call, const Wish& wish, const Source& source,
                                  StackRow& child) {
  const Properties properties(wish.properties);
  const std::vector<Parameter> parameters = parameters_of(properties);
  const std::vector<Tag> tags = tags_of(properties, wish.parent);
  std::optional<std::string> role;
  if (!wish.parent.role_arn.empty()) role = wish.parent.role_arn;
  return take_wanted(service, call, child,
                     {.template_text = source.text,
                      .parameters = parameters,
                      .tags = tags,
                      .capabilities = wish.parent.capabilities,
                      .role_arn = role,
                      .expanded = source.expanded});
}

void begin_creation(Service& service, Call& call, const Wish& wish, const Source& source) {
  StackRow child = new_stack(service, call, wish.name);
  child.stack.id = wish.child_id;
  child.parent = wish.parent.stack.id;
  child.root = wish.parent.root.empty() ? wish.parent.stack.id : wish.parent.root;
  child.disable_rollback = wish.parent.disable_rollback;
  child.timeout_minutes = Properties(wish.properties).find_integer("TimeoutInMinutes");
  // What failed is the parent's to remove.
  stacks::Operation operation{.kind = stacks::OperationKind::Create,
                              .target = deployment_for(service, call, wish, source, child),
                              .on_failure = stacks::OnFailure::DoNothing,
                              .token = wish.parent.stack.operation->token};
  if (child.timeout_minutes) operation.deadline = call.now + std::chrono::minutes(*child.timeout_minutes);
  insert_stack(call, child);
  begin(service, call, child, std::move(operation));
  set_state(call.transaction, wish.id, "BEGUN");
}

void begin_update(Service& service, Call& call, const Wish& wish, const Source& source) {
  StackRow child = require_named_stack(call, wish.child_id);
  require_updatable(child);
  stacks::Deployment target = deployment_for(service, call, wish, source, child);
  if (!plan_changes(service, call, child, target).changes_anything) {
    return set_state(call.transaction, wish.id, "NOTHING");
  }
  // It may have to go back until its root has updated everything.
  begin(service, call, child,
        {.kind = stacks::OperationKind::Update,
         .target = std::move(target),
         .on_failure = stacks::OnFailure::DoNothing,
         .token = wish.parent.stack.operation->token,
         .is_held = true});
  set_state(call.transaction, wish.id, "BEGUN");
}

// "Nested.Resource" of ContinueUpdateRollback.
std::vector<std::string> skipped_in(const Wish& wish) {
  std::vector<std::string> skipped;
  for (const std::string& each : wish.parent.stack.operation->skipped) {
    if (each.starts_with(wish.name + ".")) skipped.push_back(each.substr(wish.name.size() + 1));
  }
  return skipped;
}

enum class Next { Done, Again };

// Back to what the nested stack was before its parent's update, if that got so far.
Next begin_restoring(Service& service, Call& call, const Wish& wish) {
  const StackRow child = require_named_stack(call, wish.child_id);
  auto session = open_session(call, child.stack.id);
  const StackStatus status = child.stack.status;
  const bool is_held = child.stack.operation && child.stack.operation->is_held;
  if (status == StackStatus::UpdateInProgress) {
    service.engine().cancel_update(*session);
    service.carry_on(call, child.stack.id);
    return Next::Again;
  }
  if (status == StackStatus::UpdateFailed ||
      (status == StackStatus::UpdateCompleteCleanupInProgress && is_held)) {
    service.engine().roll_back(*session);
  } else if (status == StackStatus::UpdateRollbackFailed) {
    service.engine().continue_rollback(*session, skipped_in(wish));
  } else if (stacks::is_settled(status)) {
    set_state(call.transaction, wish.id, "NOTHING");
    return Next::Done;
  }
  service.carry_on(call, child.stack.id);
  set_state(call.transaction, wish.id, "BEGUN");
  return Next::Done;
}

// What it replaced may go.
void release(sql::Transaction& transaction, stacks::Stack& child) {
  child.operation->is_held = false;
  child.operation->target = child.current;
  save_stack(transaction, child);
}

// Of an update before this one. If it is held still, its parent failed and was left as it was.
bool is_cleaning_up(Call& call, const Wish& wish) {
  auto child = find_stack(call, wish.child_id);
  if (!child) return false;
  const bool is_forward = child->stack.status == StackStatus::UpdateCompleteCleanupInProgress;
  if (is_forward && child->stack.operation->is_held) release(call.transaction, child->stack);
  return is_forward || child->stack.status == StackStatus::UpdateRollbackCompleteCleanupInProgress;
}

Source fetch_source(Service& service, const aws::Caller& caller, const Wish& wish) {
  const Properties properties(wish.properties);
  async::Reactor& reactor = service.region().any_reactor();
  const aws::LongCall call{caller, service.region(), reactor};
  Source source;
  source.text = async::sync_wait(reactor, fetch_template(call, properties.text("TemplateURL")));
  source.expanded = async::sync_wait(
      reactor, expand_for(service, call, wish.child_id, source.text, parameters_of(properties)));
  return source;
}

Next begin_wanted(Service& service, const aws::Caller& caller, const Wish& wish) {
  Source source;
  if (wish.kind != "Restore") source = fetch_source(service, caller, wish);
  Next next = Next::Done;
  service.region().transact(caller, sql::Access::Write, [&](Call& call) {
    // It may have been taken back meanwhile.
    if (!find_wish(call.transaction, wish.id)) return;
    if (wish.kind == "Create") return begin_creation(service, call, wish, source);
    if (wish.kind == "Restore") {
      next = begin_restoring(service, call, wish);
    } else if (is_cleaning_up(call, wish)) {
      next = Next::Again;
    } else {
      begin_update(service, call, wish, source);
    }
  });
  return next;
}

}  // namespace

jobs::Outcome begin_nested(Service& service, const jobs::Job& job) {
  std::optional<Wish> wish;
  service.region().transact(service.region().caller("", "", "cloudformation.amazonaws.com"),
                            sql::Access::Read,
                            [&](Call& call) { wish = find_wish(call.transaction, job.key); });
  if (!wish || !wish->parent.stack.operation) return jobs::done();
  const aws::Caller caller = caller_of(service, wish->parent);
  Next next = Next::Done;
  const auto words = aws::attempt([&] { next = begin_wanted(service, caller, *wish); });
  if (next == Next::Again) return jobs::again_at(service.clock().now() + kAgain);
  service.region().transact(caller, sql::Access::Write, [&](Call& call) {
    if (words) set_state(call.transaction, job.key, "FAILED", *words);
    service.carry_on(call, wish->parent.stack.id);
  });
  return jobs::done();
}

bool finish_nested(sql::Transaction& transaction, const std::string& stack_id) {
  bool is_finished = true;
  for (const sql::Row& found : transaction.run("SELECT id FROM cloudformation_stack WHERE parent = ?1 AND "
                                               "status = 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'",
                                               {stack_id})) {
    auto child = find_stack_by_id(transaction, found.text(0));
    is_finished = false;
    if (!child->stack.operation || !child->stack.operation->is_held) continue;
    release(transaction, child->stack);
  }
  return is_finished;
}

}  // namespace holm::cloudformation
