// Starting operations, and stepping through them.

#include "stacks/engine.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "stacks/tick.h"

namespace holm::stacks {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Young actions are asked often, old ones seldom.
milliseconds pause(const Stack& stack, Time now) {
  // One that is held waits for its root, not for a resource.
  const bool is_held = stack.operation && stack.operation->is_held;
  Time youngest = is_held ? stack.updated.value_or(Time{}) : Time{};
  for (const Resource& resource : stack.resources) {
    if (to_text(resource.status).ends_with("_IN_PROGRESS"))
      youngest = std::max(youngest, resource.started);
  }
  const auto age = now - youngest;
  if (age < seconds(5)) return milliseconds(200);
  return age < seconds(60) ? milliseconds(1000) : milliseconds(5000);
}

// Larger than that of any phase before, so that nothing counts as settled already.
int next_phase_number(const Stack& stack) {
  int largest = stack.operation ? stack.operation->phase_number : 0;
  for (const Resource& resource : stack.resources) {
    largest = std::max(largest, resource.settled_phase);
  }
  return largest + 1;
}

}  // namespace

void Engine::begin(Session& session, Operation operation) const {
  StepMemory memory;
  Tick tick(types_, random_, session, memory);
  Stack& stack = tick.stack();
  const OperationKind kind = operation.kind;
  operation.phase = kind == OperationKind::Delete ? Phase::Remove : Phase::Apply;
  operation.phase_number = next_phase_number(stack);
  operation.started = session.call().now;
  stack.operation = std::move(operation);
  if (kind == OperationKind::Create) {
    tick.set_stack_status(StackStatus::CreateInProgress, "User Initiated");
    return;
  }
  if (kind == OperationKind::Update) {
    stack.updated = session.call().now;
    tick.set_stack_status(StackStatus::UpdateInProgress, "User Initiated");
    return;
  }
  tick.set_stack_status(StackStatus::DeleteInProgress, "User Initiated");
  // An export that others import keeps the stack.
  auto published = session.publish_outputs({});
  if (!published) tick.set_stack_status(StackStatus::DeleteFailed, published.error().message);
}

void Engine::cancel_update(Session& session) const {
  StepMemory memory;
  Tick tick(types_, random_, session, memory);
  CHECK(tick.stack().status == StackStatus::UpdateInProgress);
  tick.stack().operation->is_cancelled = true;
  tick.save();
}

void Engine::continue_rollback(Session& session, std::vector<std::string> skipped) const {
  StepMemory memory;
  Tick tick(types_, random_, session, memory);
  CHECK(tick.stack().status == StackStatus::UpdateRollbackFailed);
  tick.stack().operation->skipped = std::move(skipped);
  tick.start_restore("User Initiated");
}

void Engine::roll_back(Session& session) const {
  StepMemory memory;
  Tick tick(types_, random_, session, memory);
  const StackStatus status = tick.stack().status;
  Operation& operation = *tick.stack().operation;
  const bool is_held = operation.is_held && operation.phase == Phase::Cleanup;
  CHECK(status == StackStatus::CreateFailed || status == StackStatus::UpdateFailed || is_held);
  operation.on_failure = OnFailure::Rollback;
  if (is_held) {
    operation.is_held = false;
    std::swap(tick.stack().current, operation.target);
    tick.start_restore("");
    return;
  }
  if (status == StackStatus::UpdateFailed) {
    tick.start_restore("User Initiated");
    return;
  }
  tick.start_phase(Phase::Remove);
  tick.set_stack_status(StackStatus::RollbackInProgress, "User Initiated");
}

StepOutcome Engine::step(Store& store) const {
  StepMemory memory;
  TickOutcome outcome = TickOutcome::Progressed;
  milliseconds wait{};
  while (outcome == TickOutcome::Progressed) {
    store.transact([&](Session& session) {
      Tick tick(types_, random_, session, memory);
      outcome = tick.run();
      wait = pause(tick.stack(), session.call().now);
    });
  }
  if (outcome == TickOutcome::Ended) return {};
  return {wait};
}

}  // namespace holm::stacks
