// The engine: takes one stack from where it is to where it should be, in small transactions, so
// that it can be killed between any two of them and simply go on.
//
// What the cloudformation service does around it:
// - It keeps stacks (Store): the columns it searches by, and the JSON of state.h for the rest. A stack
//   to be created is saved, without resources, before begin().
// - It checks names, capabilities, stack policies, termination protection, and in which status which
//   operation is allowed.
// - It parses and validates the template (template.h, validate.h), resolves parameters
//   (parameters.h), calls begin() in the request's transaction and schedules one durable job a stack
//   that calls step() until it says that the operation has ended.
// - It shows resources with `is_current`, and those in DELETE_*; never `properties` (secrets).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "stacks/functions.h"
#include "stacks/resource_type.h"
#include "stacks/state.h"

namespace holm::stacks {

// One stack inside one open write transaction.
class Session : public Lookups {
 public:
  // For the operation's principal; `now` is the time of the transaction.
  virtual aws::Call& call() = 0;
  virtual Stack load() = 0;
  // Everything but `resources`.
  virtual void save(const Stack& stack) = 0;
  // Inserts or replaces by (logical_id, instance).
  virtual void save_resource(const Resource& resource) = 0;
  virtual void remove_resource(std::string_view logical_id, int instance) = 0;
  virtual void add_event(const StackEvent& event) = 0;
  // AWS::URLSuffix.
  virtual std::string url_suffix() { return "amazonaws.com"; }
  virtual Signals signals(std::string_view logical_id) = 0;
  // Replaces the stack's outputs and exports. An export that another stack has, or the loss of one
  // that another stack imports, is an error in AWS's words: the operation then fails and is rolled
  // back.
  virtual Result<void> publish_outputs(const std::vector<OutputValue>& outputs) = 0;
  // The update has succeeded as a whole: lets nested stacks clean up after theirs. Whether all have.
  virtual bool finish_nested() { return true; }
};

// One stack.
class Store {
 public:
  virtual ~Store() = default;
  // Runs `work` in one write transaction: commits when it returns, rolls back when it throws.
  virtual void transact(const std::function<void(Session&)>& work) = 0;
};

// What a step left.
struct StepOutcome {
  // How long to wait before the next step; nothing when the operation has ended.
  std::optional<std::chrono::milliseconds> again;
};

// Stateless; any thread, but one step a stack at a time (jobs see to that).
class Engine {
 public:
  Engine(const TypeRegistry& types, Random& random) : types_(types), random_(random) {}

  // Records the start of `operation`: status, first event. `phase`, `phase_number` and `started`
  // are set here. Create and Update need a target that validate() accepted. Delete may interrupt
  // any operation.
  void begin(Session& session, Operation operation) const;
  // CancelUpdateStack: the update under way rolls back at its next step.
  void cancel_update(Session& session) const;
  // ContinueUpdateRollback of a stack in UPDATE_ROLLBACK_FAILED; `skipped` stay as they are.
  void continue_rollback(Session& session, std::vector<std::string> skipped) const;
  // RollbackStack of one in CREATE_FAILED or UPDATE_FAILED whose failure was kept
  // (OnFailure::DoNothing), or of an update that is held.
  void roll_back(Session& session) const;

  // Does what can be done now: starts what is ready (at most 20 in progress), polls each once,
  // moves on.
  StepOutcome step(Store& store) const;

 private:
  const TypeRegistry& types_;
  Random& random_;
};

}  // namespace holm::stacks
