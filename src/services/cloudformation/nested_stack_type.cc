// AWS::CloudFormation::Stack: a stack that is a resource of another.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html

#include <fmt/format.h>

#include "aws/service/error.h"
#include "base/random.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "services/cloudformation/nested_stacks.h"
#include "services/cloudformation/operations.h"
#include "services/cloudformation/resources.h"
#include "services/cloudformation/service.h"

namespace holm::cloudformation {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Progress;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::StackStatus;

constexpr size_t kNameMax = 128;

constexpr stacks::PropertySchema kSchema[] = {{.name = "TemplateURL", .presence = stacks::Presence::Required},
                                              {.name = "Parameters", .kind = PropertyKind::Map},
                                              {.name = "TimeoutInMinutes", .kind = PropertyKind::Integer},
                                              {.name = "Tags",
                                               .kind = PropertyKind::List,
                                               .element = PropertyKind::Object,
                                               .members = stacks::kTagSchema}};
constexpr std::string_view kAttributes[] = {"Outputs.*"};

class NestedStack final : public stacks::ResourceType {
 public:
  explicit NestedStack(Service& service) : service_(service) {}

  std::string_view name() const override { return stacks::kNestedStackType; }
  std::span<const stacks::PropertySchema> properties() const override { return kSchema; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }
  // A nested stack knows itself when it has failed.
  std::chrono::seconds patience() const override { return std::chrono::hours(24 * 7); }

  Created create(Context& context, const Properties& wanted) const override {
    const std::string name = context.name(kNameMax);
    const std::string id =
        aws::arn("cloudformation", context.call, fmt::format("stack/{}/{}", name, service_.random().uuid()));
    wish(context, "Create", id, name, wanted.value());
    return {id, {}};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const auto parent = find_stack_by_id(context.call.transaction, context.stack_id);
    const bool is_forward = parent->stack.operation->phase == stacks::Phase::Apply;
    wish(context, is_forward ? "Update" : "Restore", was.physical_id, name_in(was.physical_id),
         wanted.value());
  }

  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    context.call.transaction.run("DELETE FROM cloudformation_nested WHERE stack = ?1 AND suffix = ?2",
                                 {context.stack_id, context.name_suffix});
    auto child = find_stack_by_id(context.call.transaction, resource.physical_id);
    if (!child || child->stack.status == StackStatus::DeleteComplete ||
        child->stack.status == StackStatus::DeleteInProgress) {
      return;
    }
    const auto parent = find_stack_by_id(context.call.transaction, context.stack_id);
    child->principal = context.call.principal;
    begin(service_, context.call, *child,
          {.kind = stacks::OperationKind::Delete, .token = parent->stack.operation->token});
  }

  Progress check(Context& context, const Existing& made) const override {
    auto row = context.call.transaction.find(
        "SELECT state, kind, problem FROM cloudformation_nested WHERE stack = ?1 AND suffix = ?2",
        {context.stack_id, context.name_suffix});
    if (!row) return stacks::failed("What was wanted of the embedded stack is not known any more.");
    if (row->text(0) == "WAITING") return stacks::in_progress();
    if (row->text(0) == "FAILED") return stacks::failed(row->text(2));
    const auto child = find_stack_by_id(context.call.transaction, made.physical_id);
    if (!child) return stacks::failed(fmt::format("Embedded stack {} does not exist", made.physical_id));
    if (row->text(0) == "NOTHING") return ready(context.call, made.physical_id);
    return progress(context.call, *child, row->text(1));
  }

  Progress check_removed(Context& context, const Existing& gone) const override {
    const auto child = find_stack_by_id(context.call.transaction, gone.physical_id);
    if (!child || child->stack.status == StackStatus::DeleteComplete) return stacks::ready();
    if (child->stack.status != StackStatus::DeleteFailed) return stacks::in_progress();
    return stacks::failed(fmt::format("Embedded stack {} was not successfully deleted: {}", gone.physical_id,
                                      child->stack.status_reason));
  }

 private:
  void wish(Context& context, const char* kind, const std::string& child_id, const std::string& name,
            const formats::Value& properties) const {
    const std::string id = service_.random().uuid();
    context.call.transaction.run("DELETE FROM cloudformation_nested WHERE stack = ?1 AND suffix = ?2",
                                 {context.stack_id, context.name_suffix});
    context.call.transaction.run(
        "INSERT INTO cloudformation_nested (stack, suffix, id, child, name, kind, properties)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        {context.stack_id, context.name_suffix, id, child_id, name, std::string(kind),
         formats::write_json(properties)});
    service_.jobs().schedule(context.call.transaction, {.kind = kNestedJob, .key = id}, context.call.now);
  }

  static Progress progress(Call& call, const StackRow& child, const std::string& kind) {
    const StackStatus status = child.stack.status;
    const bool is_forward = kind == "Update";
    const bool is_done = kind == "Create" ? status == StackStatus::CreateComplete
                         : is_forward     ? status == StackStatus::UpdateCompleteCleanupInProgress ||
                                            status == StackStatus::UpdateComplete
                                      : status == StackStatus::UpdateRollbackCompleteCleanupInProgress ||
                                            status == StackStatus::UpdateRollbackComplete;
    if (is_done) return ready(call, child.stack.id);
    if (!stacks::is_settled(status)) return stacks::in_progress();
    if (kind == "Create") {
      return stacks::failed(fmt::format("Embedded stack {} was not successfully created: {}", child.stack.id,
                                        child.stack.status_reason));
    }
    return stacks::failed(
        fmt::format("Embedded stack {} was not successfully updated. Currently in {} with reason: {}",
                    child.stack.id, stacks::to_text(status), child.stack.status_reason));
  }

  static Progress ready(Call& call, const std::string& child_id) {
    formats::Object attributes;
    for (const sql::Row& row : call.transaction.run(
             "SELECT key, value FROM cloudformation_output WHERE stack = ?1 ORDER BY key", {child_id})) {
      attributes.append("Outputs." + row.text(0), row.text(1));
    }
    Progress result = stacks::ready(std::move(attributes));
    // Outputs that are no more are no attributes any more.
    result.physical_id = child_id;
    return result;
  }

  Service& service_;
};

}  // namespace

std::unique_ptr<stacks::ResourceType> nested_stack_type(Service& service) {
  return std::make_unique<NestedStack>(service);
}

}  // namespace holm::cloudformation
