// The engine's view of one stack.

#include "services/cloudformation/session.h"

#include <fmt/format.h>

#include <limits>
#include <set>

#include "aws/service/region.h"
#include "aws/service/reserved_tags.h"
#include "base/check.h"
#include "ec2/operations.h"
#include "services/cloudformation/named_resources.h"
#include "services/cloudformation/nested_stacks.h"
#include "services/cloudformation/stacks.h"
#include "ssm/operations.h"

namespace holm::cloudformation {

namespace {

struct FoundExport {
  std::string value;
  std::string stack_id;
};

// An export of another stack of the account and region than `own_id`.
std::optional<FoundExport> find_export(Call& call, std::string_view name, const std::string& own_id) {
  auto row = call.transaction.find(
      "SELECT o.value, o.stack FROM cloudformation_output o JOIN cloudformation_stack s"
      " ON s.id = o.stack WHERE s.account = ?1 AND s.region = ?2 AND o.export = ?3 AND s.id <> ?4",
      {call.account, call.region, std::string(name), own_id});
  return row ? std::optional(FoundExport{row->text(0), row->text(1)}) : std::nullopt;
}

Result<std::string> look_up_parameter(Call& call, const std::string& name) {
  auto found = call.client.call<ssm::GetParameters>(call, call.principal, {.names = {name}});
  if (found.parameters.empty()) {
    return failure(
        fmt::format("Unable to fetch parameters [{}] from parameter store for this account.", name));
  }
  return *found.parameters.front().value;
}

class SqlSession final : public stacks::Session {
 public:
  SqlSession(Call& call, std::string stack_id) : call_(call), stack_id_(std::move(stack_id)) {}

  aws::Call& call() override { return call_; }

  stacks::Stack load() override {
    auto row = find_stack_by_id(call_.transaction, stack_id_);
    CHECK(row.has_value());
    row->stack.resources = resources_of(call_.transaction, stack_id_);
    if (row->stack.operation) phase_ = row->stack.operation->phase_number;
    return std::move(row->stack);
  }

  void save(const stacks::Stack& stack) override {
    save_stack(call_.transaction, stack);
    forget_imports(stack);
    if (!stacks::is_settled(stack.status)) return;
    const bool is_done = stack.status == stacks::StackStatus::CreateComplete ||
                         stack.status == stacks::StackStatus::UpdateComplete;
    call_.transaction.run(
        "UPDATE cloudformation_change_set SET execution = ?2 WHERE stack = ?1"
        " AND execution = 'EXECUTE_IN_PROGRESS'",
        {stack_id_, std::string(is_done ? "EXECUTE_COMPLETE" : "EXECUTE_FAILED")});
  }

  void save_resource(const stacks::Resource& resource) override {
    call_.transaction.run(
        "INSERT INTO cloudformation_resource (stack, logical_id, instance, resource) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (stack, logical_id, instance) DO UPDATE SET resource = excluded.resource",
        {stack_id_, resource.logical_id, int64_t{resource.instance}, stacks::write_resource(resource)});
    // Signals count for the action that was under way when they came.
    if (stacks::to_text(resource.status).ends_with("_IN_PROGRESS")) return;
    call_.transaction.run("DELETE FROM cloudformation_signal WHERE stack = ?1 AND logical_id = ?2",
                          {stack_id_, resource.logical_id});
  }

  void remove_resource(std::string_view logical_id, int instance) override {
    call_.transaction.run(
        "DELETE FROM cloudformation_resource WHERE stack = ?1 AND logical_id = ?2 AND instance = ?3",
        {stack_id_, std::string(logical_id), int64_t{instance}});
  }

  void add_event(const stacks::StackEvent& event) override {
    const int64_t count =
        call_.transaction.find("SELECT coalesce(max(sequence), 0) FROM cloudformation_event")->integer(0);
    call_.transaction.run(
        "INSERT INTO cloudformation_event (stack, id, logical_id, physical_id, type, status, reason, "
        "properties,"
        " token, time) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        {stack_id_, fmt::format("{}-{}-{:08x}", event.logical_id, event.status, count + 1), event.logical_id,
         event.physical_id, event.type, event.status, event.reason, event.properties, event.token,
         to_milliseconds(event.time)});
  }

  std::string url_suffix() override { return std::string(kUrlSuffix); }

  stacks::Signals signals(std::string_view logical_id) override {
    stacks::Signals signals;
    for (const sql::Row& row : call_.transaction.run(
             "SELECT unique_id, status FROM cloudformation_signal WHERE stack = ?1 AND logical_id = ?2",
             {stack_id_, std::string(logical_id)})) {
      (row.text(1) == "SUCCESS" ? signals.successes : signals.failures).push_back(row.text(0));
    }
    return signals;
  }

  Result<void> publish_outputs(const std::vector<stacks::OutputValue>& outputs) override {
    if (auto lost = check_imports(outputs); !lost) return lost;
    if (auto taken = check_exports(outputs); !taken) return taken;
    call_.transaction.run("DELETE FROM cloudformation_output WHERE stack = ?1", {stack_id_});
    for (const stacks::OutputValue& output : outputs) {
      call_.transaction.run(
          "INSERT INTO cloudformation_output (stack, key, value, description, export)"
          " VALUES (?1, ?2, ?3, ?4, ?5)",
          {stack_id_, output.key, output.value, output.description, output.export_name});
    }
    return {};
  }

  bool finish_nested() override { return cloudformation::finish_nested(call_.transaction, stack_id_); }

  Result<std::string> import_value(std::string_view export_name) override {
    auto found = find_export(call_, export_name, stack_id_);
    if (!found) return failure(fmt::format("No export named {} found.", export_name));
    if (stack_id_.empty()) return found->value;
    call_.transaction.run(
        "INSERT INTO cloudformation_import (stack, export, phase) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (stack, export) DO UPDATE SET phase = excluded.phase",
        {stack_id_, std::string(export_name), int64_t{phase_}});
    return found->value;
  }

  Result<std::string> dynamic_reference(const stacks::DynamicReference& reference) override {
    if (reference.service != "ssm") {
      return failure(fmt::format("Dynamic references to {} are not implemented by holm.", reference.service));
    }
    return look_up_parameter(call_, reference.key);
  }

  Result<std::string> ssm_parameter(std::string_view name) override {
    return look_up_parameter(call_, std::string(name));
  }

  std::vector<std::string> availability_zones(std::string_view region) override {
    std::vector<std::string> zones;
    if (region != call_.region) return zones;
    auto found = call_.client.call<ec2::DescribeAvailabilityZones>(call_, call_.principal, {});
    for (const auto& each : found.availability_zones) zones.push_back(*each.zone_name);
    return zones;
  }

  std::optional<std::vector<stacks::NamedResource>> resources_of_type(std::string_view type) override {
    return list_resources(call_, type);
  }

 private:
  Result<void> check_exports(const std::vector<stacks::OutputValue>& outputs) {
    std::set<std::string_view> names;
    for (const stacks::OutputValue& output : outputs) {
      if (output.export_name.empty()) continue;
      if (!names.insert(output.export_name).second) {
        return failure(fmt::format("Duplicate Export names: {}", output.export_name));
      }
      if (auto other = find_export(call_, output.export_name, stack_id_)) {
        return failure(fmt::format("Export with name {} is already exported by stack {}",
                                   output.export_name, name_in(other->stack_id)));
      }
    }
    return {};
  }

  // What an update no longer imports, or what a stack that is gone did, may be deleted.
  void forget_imports(const stacks::Stack& stack) {
    using stacks::StackStatus;
    const bool is_gone = stack.status == StackStatus::DeleteComplete ||
                         stack.status == StackStatus::RollbackComplete;
    const bool is_applied = stack.status == StackStatus::UpdateCompleteCleanupInProgress ||
                            stack.status == StackStatus::UpdateRollbackCompleteCleanupInProgress;
    if (!is_gone && !is_applied) return;
    // The cleanup has begun: the phase before it used every import that is still needed.
    const int64_t first_phase = is_gone || !stack.operation ? std::numeric_limits<int64_t>::max()
                                                            : stack.operation->phase_number - 1;
    call_.transaction.run("DELETE FROM cloudformation_import WHERE stack = ?1 AND phase < ?2",
                          {stack_id_, first_phase});
  }

  // An export that another stack imports may neither go nor change.
  Result<void> check_imports(const std::vector<stacks::OutputValue>& outputs) {
    for (const sql::Row& row : call_.transaction.run(
             "SELECT o.export, o.value, i.stack FROM cloudformation_output o JOIN cloudformation_import i"
             " ON i.export = o.export JOIN cloudformation_stack s ON s.id = i.stack"
             " WHERE o.stack = ?1 AND i.stack <> ?1 AND s.account = ?2 AND s.region = ?3",
             {stack_id_, call_.account, call_.region})) {
      bool stays = false;
      for (const stacks::OutputValue& output : outputs) {
        if (output.export_name == row.text(0) && output.value == row.text(1)) stays = true;
      }
      if (!stays) {
        return failure(fmt::format("Export {} cannot be deleted or changed as it is in use by {}",
                                   row.text(0), name_in(row.text(2))));
      }
    }
    return {};
  }

  Call& call_;
  const std::string stack_id_;
  int phase_ = 0;
};

class SqlStore final : public stacks::Store {
 public:
  SqlStore(aws::Region& region, const Clock& clock, aws::Caller caller, std::string stack_id)
      : region_(region), clock_(clock), caller_(std::move(caller)), stack_id_(std::move(stack_id)) {}

  void transact(const std::function<void(stacks::Session&)>& work) override {
    aws::Caller caller = caller_;
    // One caller serves a whole step, in which time passes.
    caller.now = clock_.now();
    region_.transact(caller, sql::Access::Write, [&](Call& call) {
      SqlSession session(call, stack_id_);
      work(session);
    });
  }

 private:
  aws::Region& region_;
  const Clock& clock_;
  const aws::Caller caller_;
  const std::string stack_id_;
};

}  // namespace

std::unique_ptr<stacks::Session> open_session(aws::Call& call, const std::string& stack_id) {
  return std::make_unique<SqlSession>(call, stack_id);
}

std::unique_ptr<stacks::Lookups> open_lookups(aws::Call& call) {
  return std::make_unique<SqlSession>(call, "");
}

std::unique_ptr<stacks::Store> open_store(aws::Region& region, const Clock& clock,
                                          const std::string& stack_id) {
  std::optional<StackRow> row;
  aws::Caller caller = region.caller("", "", "cloudformation.amazonaws.com");
  region.transact(caller, sql::Access::Read,
                  [&](Call& call) { row = find_stack_by_id(call.transaction, stack_id); });
  if (!row) return nullptr;
  caller.account = row->account;
  caller.region = row->region;
  caller.principal = row->principal;
  caller.via_service = aws::kStacks;
  return std::make_unique<SqlStore>(region, clock, std::move(caller), stack_id);
}

}  // namespace holm::cloudformation
