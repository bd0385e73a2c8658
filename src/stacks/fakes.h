// For tests: a stack kept in memory, and resource types that make rows of a table.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sql/database.h"
#include "stacks/engine.h"

namespace holm::stacks::test {

// How a fake resource behaves, by logical id.
struct Behavior {
  int polls = 0;  // How often check() says InProgress first.
  int removal_polls = 0;
  std::string fails_to_create;  // Thrown as a ServiceError.
  std::string fails_to_settle;  // Said by check().
  std::string fails_to_update;
  std::string fails_to_remove;
};

// The world in which fake resources live.
struct World {
  std::unique_ptr<sql::Database> database = sql::open_sqlite(":memory:");
  std::map<std::string, Behavior> behaviors;  // By logical id.
  std::vector<std::string> calls;             // "create A", in order; those rolled back too.
  std::map<std::string, std::map<std::string, std::string>> tags;  // By logical id, without CloudFormation's.
  Time now = from_milliseconds(1'763'695'200'000);
  size_t making = 0;  // Created and not settled, now and at most.
  size_t making_max = 0;

  World();
  // "id name" of each resource that exists, sorted; without ids when told so.
  std::vector<std::string> living();
};

// Test::Thing: Name (no interruption), Fixed (replacement), Size (Integer), Tags, Data (Json),
// Names (List). Attributes Arn, Name, Outputs.*. Test::Vault takes snapshots; Test::Waiter knows signals.
void add_fake_types(TypeRegistry& types, World& world);

// Thrown instead of a commit, as if the daemon had been killed there.
struct Crash {};

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(World& world) : world_(world) {}
  void transact(const std::function<void(Session&)>& work) override;

  // Starts an operation as the service does.
  void begin(const Engine& engine, Operation operation);
  // Steps until the operation has ended, moving the clock; survives crashes.
  void finish(const Engine& engine);

  Stack stack;
  std::vector<StackEvent> events;
  std::vector<OutputValue> outputs;
  std::map<std::string, std::string> exports = {};  // Of other stacks.
  std::set<std::string> taken_exports;
  std::map<std::string, Signals> signals;
  int transactions = 0;
  int crash_at = -1;  // The number of the transaction that is lost.

  std::string status() const { return std::string(to_text(stack.status)); }
  // "A CREATE_COMPLETE" or, with a reason, "A CREATE_FAILED: why".
  std::vector<std::string> history() const;

 private:
  World& world_;
};

}  // namespace holm::stacks::test
