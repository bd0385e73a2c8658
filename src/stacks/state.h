// What is kept of a stack between steps: plain values, and their JSON for the one who stores them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "formats/value.h"
#include "stacks/resource_type.h"

namespace holm::stacks {

// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
enum class StackStatus : uint8_t {
  ReviewInProgress,
  CreateInProgress,
  CreateComplete,
  CreateFailed,
  RollbackInProgress,
  RollbackComplete,
  RollbackFailed,
  UpdateInProgress,
  UpdateCompleteCleanupInProgress,
  UpdateComplete,
  UpdateFailed,
  UpdateRollbackInProgress,
  UpdateRollbackCompleteCleanupInProgress,
  UpdateRollbackComplete,
  UpdateRollbackFailed,
  DeleteInProgress,
  DeleteComplete,
  DeleteFailed,
};
enum class ResourceStatus : uint8_t {
  CreateInProgress,
  CreateComplete,
  CreateFailed,
  UpdateInProgress,
  UpdateComplete,
  UpdateFailed,
  DeleteInProgress,
  DeleteComplete,
  DeleteFailed,
  DeleteSkipped,
};
// "CREATE_IN_PROGRESS" and back.
std::string_view to_text(StackStatus status);
std::string_view to_text(ResourceStatus status);
std::optional<StackStatus> find_stack_status(std::string_view text);
std::optional<ResourceStatus> find_resource_status(std::string_view text);
// Nothing is under way.
bool is_settled(StackStatus status);

// A template's parameter with the value it has in one deployment.
struct ParameterValue {
  std::string key;
  std::string value;  // As given or by default, as text.
  std::optional<std::string>
      resolved;  // Of AWS::SSM::Parameter::Value<…>: what the parameter held.
  bool operator==(const ParameterValue&) const = default;
};

// Looked at with every update: its template may be another one behind the same URL.
inline constexpr std::string_view kNestedStackType = "AWS::CloudFormation::Stack";

// Among the attributes that a type answers: the others are secrets. No template can name it.
inline constexpr std::string_view kNoEchoAttribute = "AWS::NoEcho";

// What a stack is made from.
struct Deployment {
  std::string template_text;   // After its transforms.
  std::string original_text;   // As it was given, where that is another.
  std::vector<ParameterValue> parameters;
  std::vector<Tag> tags;
};

// One physical resource of a stack. During an update that replaces it a logical id has two: the one
// with `is_current` is what Ref means.
struct Resource {
  std::string logical_id;
  int instance = 1;  // With the logical id the key; counts replacements.
  bool is_current = true;
  std::string type;
  std::string physical_id;  // Empty until it is known.
  ResourceStatus status = ResourceStatus::CreateInProgress;
  std::string reason;
  Time changed{};
  std::string name_suffix;
  formats::Value properties;  // Evaluated, as last applied. May hold secrets: never shown.
  formats::Object attributes;
  // Its attributes are secrets: what kNoEchoAttribute says of a custom resource.
  bool is_secret = false;
  // While an update is under way that may turn out to be a replacement (custom resources): those before it.
  std::optional<formats::Value> replaced_properties;
  // The stack's tags as last put on it; nothing in records of older versions of holm, where they are the stack's.
  std::optional<std::vector<Tag>> stack_tags;
  formats::Value metadata;
  std::vector<std::string> depends_on;  // Logical ids it was made from: removed before them.
  std::string deletion_policy;          // Delete, Retain, RetainExceptOnCreate or Snapshot.
  std::string update_replace_policy;
  int settled_phase = 0;  // The phase in which it was last brought to its end.
  Time started{};         // Of the action under way.
  bool is_new = false;    // Made by the operation under way.
};

enum class OperationKind : uint8_t { Create, Update, Delete };
enum class OnFailure : uint8_t { Rollback, DoNothing, Delete };
// What an operation is at. Apply brings the target about; Cleanup removes what it no longer needs;
// Restore and RestoreCleanup do the same towards what was before; Remove removes everything.
enum class Phase : uint8_t { Apply, Cleanup, Restore, RestoreCleanup, Remove };

struct Operation {
  OperationKind kind = OperationKind::Create;
  Phase phase = Phase::Apply;
  int phase_number = 1;  // Grows with every phase of the stack's life.
  Deployment target;     // Unused by Delete.
  OnFailure on_failure = OnFailure::Rollback;
  std::vector<std::string> skipped;  // Logical ids to leave as they are: retained by DeleteStack,
                                     // or skipped by ContinueUpdateRollback.
  std::string token;                 // ClientRequestToken: repeated in every event.
  Time started{};
  std::optional<Time> deadline;  // TimeoutInMinutes.
  bool is_cancelled = false;     // CancelUpdateStack was called.
  // The update of a nested stack keeps what it replaced until its root says that all went well; by then `target`
  // is what was there before.
  bool is_held = false;
};

struct Stack {
  std::string id;  // The ARN.
  std::string name;
  StackStatus status = StackStatus::ReviewInProgress;
  std::string status_reason;
  Time created{};
  std::optional<Time> updated;
  std::optional<Time> deleted;
  std::vector<std::string> notification_arns;  // For AWS::NotificationARNs.
  Deployment current;                          // What the last operation that succeeded left.
  std::optional<Operation>
      operation;  // Under way, or failed and waiting for what the user does next.
  std::vector<Resource> resources;

  const Resource* find_current(std::string_view logical_id) const;
};

// What DescribeStackEvents returns.
struct StackEvent {
  std::string logical_id;  // The stack's name for events of the stack itself.
  std::string physical_id;
  std::string type;  // AWS::CloudFormation::Stack likewise.
  std::string status;
  std::string reason;
  std::string
      properties;  // JSON without the values of NoEcho parameters and secrets; empty for the stack.
  std::string token;
  Time time{};
};

struct OutputValue {
  std::string key;
  std::string value;
  std::string description;
  std::string export_name;  // Empty: not exported.
};

// For the columns of a store: both directions keep everything but the key columns' meaning.
std::string write_deployment(const Deployment& deployment);
Result<Deployment> read_deployment(std::string_view json);
std::string write_operation(const Operation& operation);
Result<Operation> read_operation(std::string_view json);
std::string write_resource(const Resource& resource);
Result<Resource> read_resource(std::string_view json);

}  // namespace holm::stacks
