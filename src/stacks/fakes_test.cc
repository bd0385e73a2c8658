// The fakes behind the engine's tests.

#include "stacks/fakes.h"

#include <algorithm>

#include "aws/service/error.h"
#include "aws/service/region.h"
#include "base/check.h"

namespace holm::stacks::test {

namespace {

constexpr std::string_view kThingAttributes[] = {"Arn", "Name", "Outputs.*"};
constexpr std::string_view kSignalPolicies[] = {"CreationPolicy", "AutoScalingCreationPolicy", "Rolling"};
constexpr PropertySchema kThingSchema[] = {
    {.name = "Name"},
    {.name = "Fixed", .update = Update::Replacement},
    {.name = "Size", .kind = PropertyKind::Integer},
    {.name = "On", .kind = PropertyKind::Boolean},
    {.name = "Data", .kind = PropertyKind::Json},
    {.name = "Names", .kind = PropertyKind::List},
    {.name = "Tags",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = kTagSchema},
};

[[noreturn]] void fail(const std::string& reason) {
  throw aws::ServiceError("Refused", 400, reason);
}

class Thing final : public ResourceType {
 public:
  Thing(World& world, std::string_view name) : world_(world), name_(name) {}

  std::string_view name() const override { return name_; }
  std::span<const PropertySchema> properties() const override { return kThingSchema; }
  std::span<const std::string_view> attributes() const override { return kThingAttributes; }
  bool takes_snapshots() const override { return name_ == "Test::Vault"; }
  std::span<const std::string_view> policies() const override {
    if (name_ == "Test::Waiter") return kSignalPolicies;
    return {};
  }

  Created create(Context& context, const Properties& wanted) const override {
    note("create", context);
    const std::string name = wanted.find_text("Name").value_or(context.name(64));
    context.call.transaction.run("INSERT INTO thing (name, polls) VALUES (?1, 0)", {name});
    const auto row = context.call.transaction.find("SELECT max(id) FROM thing");
    const std::string& reason = behavior(context).fails_to_create;
    put_tags(context, wanted);
    // After the row was written, so that the failure has something to undo.
    if (!reason.empty()) fail(reason);
    world_.making_max = std::max(world_.making_max, ++world_.making);
    formats::Object attributes;
    attributes.set("Arn", "arn:" + name);
    attributes.set("Name", name);
    return {"t-" + std::to_string(row->integer(0)), std::move(attributes)};
  }

  Progress check(Context& context, const Existing& made) const override {
    const Behavior& expected = behavior(context);
    const std::string id = made.physical_id.substr(2);
    const auto row = context.call.transaction.find("SELECT polls FROM thing WHERE id = ?1", {id});
    CHECK(row);
    if (row->integer(0) < expected.polls) {
      context.call.transaction.run("UPDATE thing SET polls = polls + 1 WHERE id = ?1", {id});
      return in_progress();
    }
    if (world_.making > 0) --world_.making;
    if (!expected.fails_to_settle.empty()) return failed(expected.fails_to_settle);
    formats::Object attributes;
    attributes.set("Outputs.Late", "late");
    return ready(std::move(attributes));
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    note("update", context);
    for (const std::string& key : keys_gone(was, was.properties.tags(), context.tags(wanted.tags()))) {
      world_.tags[context.logical_id].erase(key);
    }
    put_tags(context, wanted);
    context.call.transaction.run("UPDATE thing SET name = ?1, polls = 0 WHERE id = ?2",
                                 {wanted.text("Name"), was.physical_id.substr(2)});
    const std::string& reason = behavior(context).fails_to_update;
    // Only on the way forward.
    if (!reason.empty() && wanted.text("Name") != "before") fail(reason);
  }

  void remove(Context& context, const Existing& resource, Removal removal) const override {
    note(removal == Removal::Snapshot ? "snapshot" : "remove", context);
    context.call.transaction.run("UPDATE thing SET polls = 0 WHERE id = ?1",
                                 {resource.physical_id.substr(2)});
    const std::string& reason = behavior(context).fails_to_remove;
    if (!reason.empty()) fail(reason);
  }

  Progress check_removed(Context& context, const Existing& resource) const override {
    sql::Transaction& transaction = context.call.transaction;
    const std::string id = resource.physical_id.substr(2);
    const auto row = transaction.find("SELECT polls FROM thing WHERE id = ?1", {id});
    if (row && row->integer(0) < behavior(context).removal_polls) {
      transaction.run("UPDATE thing SET polls = polls + 1 WHERE id = ?1", {id});
      return in_progress();
    }
    transaction.run("DELETE FROM thing WHERE id = ?1", {id});
    return ready();
  }

 private:
  const Behavior& behavior(const Context& context) const {
    return world_.behaviors[context.logical_id];
  }
  void put_tags(const Context& context, const Properties& wanted) const {
    for (const Tag& tag : context.tags(wanted.tags())) {
      if (!tag.key.starts_with("aws:")) world_.tags[context.logical_id][tag.key] = tag.value;
    }
  }
  void note(const std::string& what, const Context& context) const {
    world_.calls.push_back(what + " " + context.logical_id);
  }

  World& world_;
  std::string_view name_;
};

// Fake types call nobody.
class NoRegion final : public aws::Region {
 public:
  aws::Caller caller(std::string, std::string, std::string) override { refuse(); }
  void transact(const aws::Caller&, sql::Access, const std::function<void(aws::Call&)>&) override {
    refuse();
  }
  async::Task<void> transact_on_worker(async::Reactor&, aws::Caller, sql::Access,
                                       std::function<void(aws::Call&)>) override {
    refuse();
  }
  bool may(aws::Call&, const aws::Principal&, const aws::Access&) override { return true; }
  async::Reactor& any_reactor() override { refuse(); }

 protected:
  aws::Box invoke(aws::Call&, const aws::Principal&, std::string_view, std::string_view,
                  const void*) override {
    refuse();
  }
  async::Task<aws::Box> invoke_waiting(async::Reactor&, aws::Caller, std::string_view,
                                       std::string_view, aws::Box) override {
    refuse();
  }

 private:
  [[noreturn]] static void refuse() { check_failed("no region", __FILE__, __LINE__); }
};

class MemorySession final : public Session {
 public:
  MemorySession(MemoryStore& store, aws::Call& call) : store_(store), call_(call) {}

  aws::Call& call() override { return call_; }

  // Through the JSON, so that whatever is lost on that way is missed.
  Stack load() override {
    Stack stack = store_.stack;
    stack.current = *read_deployment(write_deployment(stack.current));
    if (stack.operation) stack.operation = *read_operation(write_operation(*stack.operation));
    for (Resource& resource : stack.resources) resource = *read_resource(write_resource(resource));
    return stack;
  }
  void save(const Stack& stack) override {
    std::vector<Resource> resources = std::move(store_.stack.resources);
    store_.stack = stack;
    store_.stack.resources = std::move(resources);
  }
  void save_resource(const Resource& resource) override {
    for (Resource& known : store_.stack.resources) {
      if (known.logical_id != resource.logical_id || known.instance != resource.instance) continue;
      known = resource;
      return;
    }
    store_.stack.resources.push_back(resource);
  }
  void remove_resource(std::string_view logical_id, int instance) override {
    std::erase_if(store_.stack.resources, [&](const Resource& known) {
      return known.logical_id == logical_id && known.instance == instance;
    });
  }
  void add_event(const StackEvent& event) override { store_.events.push_back(event); }
  Signals signals(std::string_view logical_id) override {
    return store_.signals[std::string(logical_id)];
  }
  Result<void> publish_outputs(const std::vector<OutputValue>& outputs) override {
    for (const OutputValue& output : outputs) {
      if (!store_.taken_exports.contains(output.export_name)) continue;
      return failure("Export with name " + output.export_name + " is already exported by stack X");
    }
    store_.outputs = outputs;
    return {};
  }

  Result<std::string> import_value(std::string_view name) override {
    auto found = store_.exports.find(std::string(name));
    if (found == store_.exports.end())
      return failure("No export named " + std::string(name) + " found.");
    return found->second;
  }
  Result<std::string> dynamic_reference(const DynamicReference& reference) override {
    return "secret of " + reference.key;
  }
  Result<std::string> ssm_parameter(std::string_view name) override {
    return "value of " + std::string(name);
  }
  std::vector<std::string> availability_zones(std::string_view region) override {
    return {std::string(region) + "a", std::string(region) + "b"};
  }
  std::optional<std::vector<NamedResource>> resources_of_type(std::string_view) override {
    return std::nullopt;
  }

 private:
  MemoryStore& store_;
  aws::Call& call_;
};

}  // namespace

World::World() {
  auto transaction = database->begin(sql::Access::Write);
  transaction->run(
      "CREATE TABLE thing (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, polls INTEGER)");
  transaction->commit();
}

std::vector<std::string> World::living() {
  auto transaction = database->begin(sql::Access::Read);
  std::vector<std::string> names;
  for (const sql::Row& row : transaction->run("SELECT name FROM thing ORDER BY name")) {
    names.push_back(row.text(0));
  }
  return names;
}

void add_fake_types(TypeRegistry& types, World& world) {
  for (std::string_view name : {"Test::Thing", "Test::Vault", "Test::Waiter"}) {
    types.add(std::make_unique<Thing>(world, name));
  }
}

void MemoryStore::transact(const std::function<void(Session&)>& work) {
  auto transaction = world_.database->begin(sql::Access::Write);
  NoRegion region;
  aws::Call call{
      {.account = "111122223333", .region = "eu-test-1", .now = world_.now}, *transaction, region};
  MemorySession session(*this, call);
  const Stack before = stack;
  const std::vector<StackEvent> events_before = events;
  const std::vector<OutputValue> outputs_before = outputs;
  work(session);
  if (++transactions == crash_at) {
    stack = before;
    events = events_before;
    outputs = outputs_before;
    throw Crash{};
  }
  transaction->commit();
}

void MemoryStore::begin(const Engine& engine, Operation operation) {
  transact([&](Session& session) { engine.begin(session, operation); });
}

void MemoryStore::finish(const Engine& engine) {
  for (int i = 0; i < 10'000; ++i) {
    try {
      StepOutcome outcome = engine.step(*this);
      if (!outcome.again) return;
      world_.now += *outcome.again;
    } catch (const Crash&) {
      world_.now += std::chrono::milliseconds(1);
    }
  }
  CHECK(!"the operation never ends");
}

std::vector<std::string> MemoryStore::history() const {
  std::vector<std::string> lines;
  for (const StackEvent& event : events) {
    lines.push_back(event.logical_id + " " + event.status +
                    (event.reason.empty() ? "" : ": " + event.reason));
  }
  return lines;
}

}  // namespace holm::stacks::test
