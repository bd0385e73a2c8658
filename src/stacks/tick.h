// One transaction of a stack's operation: the part of the engine that every phase shares.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "stacks/engine.h"
#include "stacks/graph.h"

namespace holm::stacks {

// At most this many resources are being made, changed or removed at once.
constexpr size_t kInProgressMax = 20;

// What a step remembers between its transactions; nothing that matters after a crash.
struct StepMemory {
  std::string template_text;
  std::shared_ptr<const Template> declared;
  Graph graph;  // Of `declared`.
  std::set<std::pair<std::string, int>> polled;  // Asked already in this step.
};

enum class TickOutcome : uint8_t { Progressed, Waiting, Ended };

// Logical ids whose current resource is done in this phase, and those under way.
struct PhaseView {
  std::set<std::string> settled;
  std::set<std::string> making;
};

// The evaluated parts of a resource's declaration that its type may look at.
struct ActionValues {
  formats::Value metadata;
  formats::Value creation_policy;
  formats::Value update_policy;
};

// A stack inside a transaction, and the changes that phases make to it: each is saved at once.
class Tick {
 public:
  Tick(const TypeRegistry& types, Random& random, Session& session, StepMemory& memory);

  TickOutcome run();

  // ---- For begin() and its like.
  Stack& stack() { return stack_; }
  void set_stack_status(StackStatus status, std::string reason);
  void start_phase(Phase phase);
  void start_restore(std::string reason);
  void save();

 private:
  // apply.cc: bringing a deployment about.
  TickOutcome run_apply();
  TickOutcome poll_all();
  TickOutcome start_all(const std::set<std::string>& active, PhaseView& view);
  bool may_start(const std::string& logical_id, const std::set<std::string>& active,
                 const PhaseView& view) const;
  TickOutcome start(const ResourceDeclaration& declared);
  TickOutcome start_present(const ResourceDeclaration& declared, const ResourceType& type,
                            Resource& present, formats::Value wanted);
  bool has_other_tags(const ResourceType& type, const Resource& present) const;
  const std::vector<Tag>& tags_on(const Resource& resource) const;
  TickOutcome leave_unchanged(const ResourceDeclaration& declared, Resource& present);
  TickOutcome create(const ResourceDeclaration& declared, const ResourceType& type,
                     formats::Value wanted, Resource* replaced);
  TickOutcome update(const ResourceDeclaration& declared, const ResourceType& type,
                     Resource& present, formats::Value wanted);
  TickOutcome check(const ResourceType& type, Resource& resource);
  Progress with_signals(Progress progress, const Resource& resource);
  TickOutcome complete(Resource& resource, Progress progress);
  void become_replacement(Resource& resource);
  void leave_behind(Resource before);
  void take_declared(const ResourceDeclaration& declared, Resource& resource);
  Resource& add_resource(const ResourceDeclaration& declared);
  Result<formats::Value, TemplateError> evaluate_properties(const ResourceDeclaration& declared,
                                                            const ResourceType& type);
  TickOutcome fail_start(const ResourceDeclaration& declared, const std::string& reason);
  TickOutcome finish_apply(const std::set<std::string>& active);
  Result<std::vector<OutputValue>, TemplateError> evaluate_outputs() const;
  Result<OutputValue, TemplateError> evaluate_output(const OutputDeclaration& output) const;

  // failure.cc: what follows when something failed.
  TickOutcome fail_resource(Resource& resource, const std::string& reason);
  TickOutcome fail_operation(const std::string& reason);
  void cancel_others();
  std::string failed_resources() const;

  // removal.cc: removing what is no longer wanted.
  TickOutcome run_removal();
  std::vector<Resource*> victims();
  TickOutcome poll_removal(Resource& resource);
  TickOutcome remove(Resource& resource);
  TickOutcome finish_resource_removal(Resource& resource, ResourceStatus status);
  TickOutcome fail_removal(Resource& resource, const std::string& reason);
  TickOutcome finish_removal();
  TickOutcome finish_cleanup();
  bool has_failed(const Resource& resource) const;
  bool is_rollback() const;
  std::string removal_policy(const Resource& resource);

  // engine_attempt.cc
  // Runs `action` so that it leaves nothing behind when it fails; then says why.
  std::optional<std::string> attempt(const std::function<void()>& action);

  // tick.cc
  const Deployment& deployment() const;
  Result<void, TemplateError> open_template();
  std::set<std::string> active_resources() const;
  Result<formats::Value, TemplateError> evaluate_whole(const formats::Value& value,
                                                       const std::string& path) const;
  Result<void, TemplateError> evaluate_action(const ResourceDeclaration& declared);
  std::string shown_properties(const ResourceDeclaration& declared) const;
  Context context(const Resource& resource);
  Operation& operation() { return *stack_.operation; }
  const Operation& operation() const { return *stack_.operation; }
  void set_status(Resource& resource, ResourceStatus status, std::string reason,
                  std::string properties = "");
  bool is_settled_here(const Resource& resource) const;
  Resource* find_current(std::string_view logical_id);
  size_t count_in_progress() const;
  Time now() { return session_.call().now; }

  const TypeRegistry& types_;
  Random& random_;
  Session& session_;
  StepMemory& memory_;
  Stack stack_;
  std::shared_ptr<const Template> declared_;
  std::unique_ptr<Scope> scope_;
  ActionValues values_;
};

}  // namespace holm::stacks
