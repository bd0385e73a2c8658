// The engine: order, failure, rollback, replacement, deletion, and being killed at any point.

#include "stacks/engine.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/strings.h"
#include "stacks/fakes.h"
#include "stacks/parameters.h"
#include "stacks/validate.h"
#include "support/seeded_random.h"

namespace holm::stacks {
namespace {

using test::MemoryStore;
using test::World;
using Lines = std::vector<std::string>;

// Everything a test needs, with a stack named "s" that does not exist yet.
struct Bench {
  World world;
  TypeRegistry types;
  holm::test::SeededRandom random{1};
  Engine engine{types, random};
  MemoryStore store{world};

  Bench() {
    test::add_fake_types(types, world);
    store.stack.id = "arn:aws:cloudformation:eu-test-1:111122223333:stack/s/1";
    store.stack.name = "s";
  }

  void run(OperationKind kind, const std::string& resources,
           OnFailure on_failure = OnFailure::Rollback) {
    start(kind, resources, on_failure);
    store.finish(engine);
  }
  void start(OperationKind kind, const std::string& text,
             OnFailure on_failure = OnFailure::Rollback) {
    Operation operation{.kind = kind, .on_failure = on_failure};
    if (kind != OperationKind::Delete) {
      const bool is_whole = text.starts_with("Resources:") || text.starts_with("Parameters:");
      operation.target.template_text = is_whole ? text : "Resources:\n" + text;
      auto parsed = parse_template(operation.target.template_text);
      ASSERT_TRUE(parsed) << parsed.error().describe();
      auto invalid = validate(*parsed, types);
      ASSERT_FALSE(invalid) << invalid->describe();
    }
    store.begin(engine, operation);
  }
  const Resource& resource(std::string_view logical_id) {
    return *store.stack.find_current(logical_id);
  }
};

constexpr auto kCreate = OperationKind::Create;
constexpr auto kUpdate = OperationKind::Update;
constexpr auto kDelete = OperationKind::Delete;

TEST(Engine, AStackIsCreatedInTheOrderOfItsReferences) {
  Bench bench;
  bench.run(kCreate,
            "  C: {Type: Test::Thing, Properties: {Name: !Sub 'c-${B.Arn}'}}\n"
            "  B: {Type: Test::Thing, Properties: {Name: !Sub 'b-${A.Name}'}}\n"
            "  A: {Type: Test::Thing, Properties: {Name: a}, DependsOn: D}\n"
            "  D: {Type: Test::Thing, Properties: {Name: d}}\n");
  EXPECT_EQ(bench.world.calls, (Lines{"create D", "create A", "create B", "create C"}));
  EXPECT_EQ(bench.world.living(), (Lines{"a", "b-a", "c-arn:b-a", "d"}));
  const Lines history = bench.store.history();
  EXPECT_EQ(Lines(history.begin(), history.begin() + 4),
            (Lines{"s CREATE_IN_PROGRESS: User Initiated", "D CREATE_IN_PROGRESS",
                   "D CREATE_IN_PROGRESS: Resource creation Initiated", "D CREATE_COMPLETE"}));
  EXPECT_EQ(history.back(), "s CREATE_COMPLETE");
  EXPECT_FALSE(bench.store.stack.operation);
}

TEST(Engine, IndependentResourcesAreMadeAtOnceButNotTooMany) {
  Bench bench;
  std::string text;
  for (int i = 0; i < 30; ++i) {
    const std::string name = "R" + std::to_string(i);
    text += "  " + name + ": {Type: Test::Thing}\n";
    bench.world.behaviors[name].polls = 3;
  }
  bench.run(kCreate, text);
  EXPECT_EQ(bench.store.status(), "CREATE_COMPLETE");
  EXPECT_EQ(bench.world.making_max, 20u);
}

TEST(Engine, AResourceWithoutANameGetsOneOfItsStack) {
  Bench bench;
  bench.run(kCreate, "  Web: {Type: Test::Thing}\n");
  const Lines living = bench.world.living();
  ASSERT_EQ(living.size(), 1u);
  EXPECT_TRUE(matches_wildcard("s-Web-????????????", living[0])) << living[0];
}

TEST(Engine, AFailureRollsEverythingBackAndSaysWhy) {
  Bench bench;
  bench.world.behaviors["B"].fails_to_create = "no more room";
  bench.world.behaviors["Slow"].polls = 100;
  bench.run(kCreate,
            "  A: {Type: Test::Thing, Properties: {Name: a}}\n"
            "  Slow: {Type: Test::Thing, Properties: {Name: slow}}\n"
            "  B: {Type: Test::Thing, Properties: {Name: !Ref A}}\n"
            "  C: {Type: Test::Thing, Properties: {Name: !Ref B}}\n");
  EXPECT_EQ(bench.store.status(), "ROLLBACK_COMPLETE");
  EXPECT_EQ(bench.world.living(), Lines{});
  const Lines history = bench.store.history();
  auto has = [&](const std::string& line) {
    return std::ranges::find(history, line) != history.end();
  };
  EXPECT_TRUE(
      has("B CREATE_FAILED: Resource handler returned message: \"no more room\" "
          "(HandlerErrorCode: Refused)"));
  EXPECT_TRUE(has("Slow CREATE_FAILED: Resource creation cancelled"));
  EXPECT_TRUE(
      has("s ROLLBACK_IN_PROGRESS: The following resource(s) failed to create: [Slow, B]. "
          "Rollback requested by user."));
  EXPECT_FALSE(has("C CREATE_IN_PROGRESS"));
  // Nothing of B ever was, so nothing of it is removed; A waits until B, which needs it, is done
  // with.
  EXPECT_EQ(Lines(bench.world.calls.end() - 2, bench.world.calls.end()),
            (Lines{"remove Slow", "remove A"}));
}

TEST(Engine, AResourceThatNeverSettlesFails) {
  Bench bench;
  bench.world.behaviors["A"].fails_to_settle = "it broke";
  bench.world.behaviors["A"].polls = 2;
  bench.run(kCreate, "  A: {Type: Test::Thing}\n");
  EXPECT_EQ(bench.store.status(), "ROLLBACK_COMPLETE");
  Bench patient;
  patient.world.behaviors["A"].polls = 1'000'000;
  patient.run(kCreate, "  A: {Type: Test::Thing}\n");
  EXPECT_EQ(patient.store.status(), "ROLLBACK_COMPLETE");
  EXPECT_GE(patient.world.now - from_milliseconds(1'763'695'200'000), std::chrono::hours(2));
}

TEST(Engine, OnFailureDecidesWhatIsLeft) {
  for (OnFailure on_failure : {OnFailure::DoNothing, OnFailure::Delete}) {
    Bench bench;
    bench.world.behaviors["B"].fails_to_create = "no";
    bench.run(kCreate,
              "  A: {Type: Test::Thing, Properties: {Name: a}}\n"
              "  B: {Type: Test::Thing, DependsOn: A}\n",
              on_failure);
    const bool is_kept = on_failure == OnFailure::DoNothing;
    EXPECT_EQ(bench.store.status(), is_kept ? "CREATE_FAILED" : "DELETE_COMPLETE");
    EXPECT_EQ(bench.world.living(), is_kept ? Lines{"a"} : Lines{});
    if (!is_kept) continue;
    // What was left can be mended by an update, or rolled back.
    bench.world.behaviors["B"].fails_to_create = "";
    bench.run(kUpdate,
              "  A: {Type: Test::Thing, Properties: {Name: a}}\n"
              "  B: {Type: Test::Thing, Properties: {Name: b}, DependsOn: A}\n");
    EXPECT_EQ(bench.store.status(), "UPDATE_COMPLETE");
    EXPECT_EQ(bench.world.living(), (Lines{"a", "b"}));
  }
}

TEST(Engine, AKeptFailureCanBeRolledBack) {
  Bench bench;
  bench.world.behaviors["B"].fails_to_create = "no";
  bench.run(kCreate, "  A: {Type: Test::Thing}\n  B: {Type: Test::Thing, DependsOn: A}\n",
            OnFailure::DoNothing);
  bench.store.transact([&](Session& session) { bench.engine.roll_back(session); });
  bench.store.finish(bench.engine);
  EXPECT_EQ(bench.store.status(), "ROLLBACK_COMPLETE");
  EXPECT_EQ(bench.world.living(), Lines{});
}

TEST(Engine, AnUpdateTouchesOnlyWhatChanged) {
  Bench bench;
  bench.run(kCreate,
            "  A: {Type: Test::Thing, Properties: {Name: a, Size: '3'}}\n"
            "  B: {Type: Test::Thing, Properties: {Name: b}}\n"
            "  Old: {Type: Test::Thing, Properties: {Name: old}}\n");
  const std::string physical_id = bench.resource("B").physical_id;
  bench.world.calls.clear();
  bench.store.events.clear();
  bench.run(kUpdate,
            "  A: {Type: Test::Thing, Properties: {Name: a, Size: 3}}\n"
            "  B: {Type: Test::Thing, Properties: {Name: b2}}\n"
            "  New: {Type: Test::Thing, Properties: {Name: !GetAtt B.Outputs.Late}}\n");
  EXPECT_EQ(bench.world.calls, (Lines{"update B", "create New", "remove Old"}));
  EXPECT_EQ(bench.world.living(), (Lines{"a", "b2", "late"}));
  EXPECT_EQ(bench.resource("B").physical_id, physical_id);
  EXPECT_EQ(
      bench.store.history(),
      (Lines{"s UPDATE_IN_PROGRESS: User Initiated", "B UPDATE_IN_PROGRESS", "B UPDATE_COMPLETE",
             "New CREATE_IN_PROGRESS", "New CREATE_IN_PROGRESS: Resource creation Initiated",
             "New CREATE_COMPLETE", "s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
             "Old DELETE_IN_PROGRESS", "Old DELETE_COMPLETE", "s UPDATE_COMPLETE"}));
}

using Tags = std::map<std::string, std::string>;

TEST(Engine, AChangeOfTheStacksTagsAloneReachesItsResources) {
  Bench bench;
  const std::string text =
      "Resources:\n"
      "  A: {Type: Test::Thing, Properties: {Name: a, Tags: [{Key: own, Value: '1'}, {Key: both, Value: '2'}]}}\n";
  auto run = [&](OperationKind kind, std::vector<Tag> tags, const std::string& template_text) {
    bench.store.begin(bench.engine,
                      {.kind = kind, .target = {.template_text = template_text, .tags = std::move(tags)}});
    bench.store.finish(bench.engine);
  };
  run(kCreate, {{"stage", "test"}, {"both", "3"}}, text);
  EXPECT_EQ(bench.world.tags["A"], (Tags{{"both", "2"}, {"own", "1"}, {"stage", "test"}}));
  run(kUpdate, {{"team", "blue"}, {"both", "3"}}, text);
  EXPECT_EQ(bench.world.calls, (Lines{"create A", "update A"}));
  EXPECT_EQ(bench.world.tags["A"], (Tags{{"both", "2"}, {"own", "1"}, {"team", "blue"}}));
  // An own tag that goes lets the stack's be seen.
  run(kUpdate, {{"team", "blue"}, {"both", "3"}}, "Resources:\n  A: {Type: Test::Thing, Properties: {Name: a}}\n");
  EXPECT_EQ(bench.world.tags["A"], (Tags{{"both", "3"}, {"team", "blue"}}));
  run(kUpdate, {{"team", "blue"}, {"both", "3"}}, "Resources:\n  A: {Type: Test::Thing, Properties: {Name: a}}\n");
  EXPECT_EQ(bench.world.calls.size(), 3u);
}

TEST(Engine, TagsOfAFailedUpdateAreTakenBack) {
  Bench bench;
  const std::string text = "Resources:\n  A: {Type: Test::Thing, Properties: {Name: before}}\n";
  const std::vector<Tag> tags = {{"stage", "test"}};
  bench.store.begin(bench.engine, {.kind = kCreate, .target = {.template_text = text, .tags = tags}});
  bench.store.finish(bench.engine);
  bench.world.behaviors["B"].fails_to_create = "no more room";
  bench.store.begin(bench.engine, {.kind = kUpdate,
                                   .target = {.template_text = text + "  B: {Type: Test::Thing, DependsOn: A}\n",
                                              .tags = {{"team", "blue"}}}});
  bench.store.finish(bench.engine);
  EXPECT_EQ(bench.store.status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(bench.world.tags["A"], (Tags{{"stage", "test"}}));
}

TEST(Engine, AReplacementIsMadeFirstAndTheOldOneRemovedLast) {
  Bench bench;
  bench.run(kCreate,
            "  A: {Type: Test::Thing, Properties: {Name: a, Fixed: '1'}}\n"
            "  B: {Type: Test::Thing, Properties: {Name: !Ref A}}\n");
  const std::string before = bench.resource("A").physical_id;
  bench.world.calls.clear();
  bench.run(kUpdate,
            "  A: {Type: Test::Thing, Properties: {Name: a2, Fixed: '2'}}\n"
            "  B: {Type: Test::Thing, Properties: {Name: !Ref A}}\n");
  EXPECT_EQ(bench.world.calls, (Lines{"create A", "update B", "remove A"}));
  EXPECT_NE(bench.resource("A").physical_id, before);
  EXPECT_EQ(bench.world.living(), (Lines{"a2", bench.resource("A").physical_id}));
  EXPECT_EQ(bench.store.stack.resources.size(), 2u);
}

TEST(Engine, AFailedUpdateRestoresWhatWasThere) {
  Bench bench;
  bench.run(kCreate,
            "  A: {Type: Test::Thing, Properties: {Name: before}}\n"
            "  R: {Type: Test::Thing, Properties: {Name: r, Fixed: '1'}}\n"
            "  Gone: {Type: Test::Thing, Properties: {Name: gone}}\n"
            "  Z: {Type: Test::Thing, Properties: {Name: !Ref R}, DependsOn: A}\n");
  const std::string replaced = bench.resource("R").physical_id;
  bench.world.behaviors["Z"].fails_to_update = "cannot";
  bench.world.calls.clear();
  bench.store.events.clear();
  bench.run(kUpdate,
            "  A: {Type: Test::Thing, Properties: {Name: after}}\n"
            "  R: {Type: Test::Thing, Properties: {Name: r2, Fixed: '2'}}\n"
            "  New: {Type: Test::Thing, Properties: {Name: new}}\n"
            "  Z: {Type: Test::Thing, Properties: {Name: !Ref R}, DependsOn: [A, New]}\n");
  EXPECT_EQ(bench.store.status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(bench.world.living(), (Lines{"before", "gone", "r", replaced}));
  EXPECT_EQ(bench.resource("R").physical_id, replaced);
  EXPECT_EQ(bench.world.calls, (Lines{"update A", "create R", "create New", "update Z", "update A",
                                      "remove R", "remove New"}));
  const Lines history = bench.store.history();
  EXPECT_NE(std::ranges::find(history,
                              "s UPDATE_ROLLBACK_IN_PROGRESS: The following resource(s) "
                              "failed to update: [Z]. "),
            history.end());
}

TEST(Engine, ARollbackThatFailsCanBeContinued) {
  Bench bench;
  bench.run(kCreate,
            "  A: {Type: Test::Thing, Properties: {Name: was}}\n"
            "  B: {Type: Test::Thing, Properties: {Name: b}, DependsOn: A}\n");
  bench.start(kUpdate,
              "  A: {Type: Test::Thing, Properties: {Name: is}}\n"
              "  B: {Type: Test::Thing, Properties: {Name: b2}, DependsOn: A}\n");
  bench.world.behaviors["A"].polls = 1;
  EXPECT_TRUE(bench.engine.step(bench.store).again);
  bench.world.behaviors["A"].fails_to_update = "stuck";
  bench.world.behaviors["B"].fails_to_update = "stuck";
  bench.store.finish(bench.engine);
  EXPECT_EQ(bench.store.status(), "UPDATE_ROLLBACK_FAILED");
  bench.store.transact([&](Session& session) { bench.engine.continue_rollback(session, {"A"}); });
  bench.store.finish(bench.engine);
  EXPECT_EQ(bench.store.status(), "UPDATE_ROLLBACK_COMPLETE");
}

TEST(Engine, AnUpdateCanBeCancelled) {
  Bench bench;
  bench.run(kCreate, "  A: {Type: Test::Thing, Properties: {Name: before}}\n");
  bench.world.behaviors["A"].polls = 5;
  bench.start(kUpdate, "  A: {Type: Test::Thing, Properties: {Name: after}}\n");
  EXPECT_TRUE(bench.engine.step(bench.store).again);
  bench.store.transact([&](Session& session) { bench.engine.cancel_update(session); });
  bench.store.finish(bench.engine);
  EXPECT_EQ(bench.store.status(), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(bench.world.living(), Lines{"before"});
}

TEST(Engine, ADeletionGoesBackwardsAndObeysPolicies) {
  Bench bench;
  bench.run(kCreate,
            "  A: {Type: Test::Thing, Properties: {Name: a}}\n"
            "  B: {Type: Test::Thing, Properties: {Name: !Ref A}}\n"
            "  Kept: {Type: Test::Thing, DeletionPolicy: Retain, Properties: {Name: kept}}\n"
            "  V: {Type: Test::Vault, DeletionPolicy: Snapshot, DependsOn: B}\n");
  bench.world.behaviors["B"].removal_polls = 3;
  bench.world.calls.clear();
  bench.run(kDelete, "");
  EXPECT_EQ(bench.store.status(), "DELETE_COMPLETE");
  EXPECT_EQ(bench.world.calls, (Lines{"snapshot V", "remove B", "remove A"}));
  EXPECT_EQ(bench.world.living(), Lines{"kept"});
  EXPECT_EQ(bench.resource("Kept").status, ResourceStatus::DeleteSkipped);
}

TEST(Engine, ADeletionThatFailsLeavesWhatItNeedsAndCanBeRepeated) {
  Bench bench;
  bench.run(kCreate,
            "  A: {Type: Test::Thing, Properties: {Name: a}}\n"
            "  B: {Type: Test::Thing, Properties: {Name: b}, DependsOn: A}\n"
            "  C: {Type: Test::Thing, Properties: {Name: c}}\n");
  bench.world.behaviors["B"].fails_to_remove = "in use";
  bench.run(kDelete, "");
  EXPECT_EQ(bench.store.status(), "DELETE_FAILED");
  EXPECT_EQ(bench.store.stack.status_reason, "The following resource(s) failed to delete: [B]. ");
  EXPECT_EQ(bench.world.living(), (Lines{"a", "b"}));
  bench.world.behaviors["B"].fails_to_remove = "";
  bench.run(kDelete, "");
  EXPECT_EQ(bench.store.status(), "DELETE_COMPLETE");
  EXPECT_EQ(bench.world.living(), Lines{});
}

TEST(Engine, ADeletionInterruptsACreation) {
  Bench bench;
  std::string text;
  for (int i = 0; i < 25; ++i) {
    bench.world.behaviors["R" + std::to_string(i)].polls = 1'000;
    text += "  R" + std::to_string(i) + ": {Type: Test::Thing}\n";
  }
  bench.start(kCreate, text);
  EXPECT_TRUE(bench.engine.step(bench.store).again);
  bench.run(kDelete, "");
  EXPECT_EQ(bench.store.status(), "DELETE_COMPLETE");
  EXPECT_EQ(bench.world.living(), Lines{});
}

TEST(Engine, RetainedResourcesOfAFailedCreationStayUnlessExceptOnCreate) {
  Bench bench;
  bench.world.behaviors["Bad"].fails_to_create = "no";
  bench.run(
      kCreate,
      "  K: {Type: Test::Thing, DeletionPolicy: Retain, Properties: {Name: k}}\n"
      "  E: {Type: Test::Thing, DeletionPolicy: RetainExceptOnCreate, Properties: {Name: e}}\n"
      "  Bad: {Type: Test::Thing, DependsOn: [K, E]}\n");
  EXPECT_EQ(bench.store.status(), "ROLLBACK_COMPLETE");
  EXPECT_EQ(bench.world.living(), Lines{"k"});
}

TEST(Engine, ConditionsDecideWhatExists) {
  const std::string text =
      "Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, 'yes']}\n"
      "Resources:\n  A: {Type: Test::Thing, Condition: C, Properties: {Name: a}}\n"
      "  B: {Type: Test::Thing, Properties: {Name: !If [C, !Ref A, none]}}\n"
      "Outputs: {O: {Condition: C, Value: !Ref A}}\n";
  Bench bench;
  auto deploy = [&](OperationKind kind, const std::string& value) {
    Operation operation{.kind = kind};
    operation.target = {.template_text = text, .parameters = {{"P", value, std::nullopt}}};
    bench.store.begin(bench.engine, operation);
    bench.store.finish(bench.engine);
  };
  deploy(kCreate, "no");
  EXPECT_EQ(bench.world.living(), Lines{"none"});
  EXPECT_TRUE(bench.store.outputs.empty());
  deploy(kUpdate, "yes");
  EXPECT_EQ(bench.world.living(), (Lines{"a", bench.resource("A").physical_id}));
  EXPECT_EQ(bench.store.outputs.at(0).value, bench.resource("A").physical_id);
  deploy(kUpdate, "no");
  EXPECT_EQ(bench.world.living(), Lines{"none"});
}

TEST(Engine, AnExportThatIsTakenFailsTheStack) {
  Bench bench;
  bench.store.taken_exports = {"taken"};
  bench.run(kCreate,
            "Resources: {A: {Type: Test::Thing}}\n"
            "Outputs: {O: {Value: x, Export: {Name: taken}}}");
  EXPECT_EQ(bench.store.status(), "ROLLBACK_COMPLETE");
  EXPECT_EQ(bench.world.living(), Lines{});
}

TEST(Engine, ACreationPolicyWaitsForSignals) {
  const std::string text =
      "  W: {Type: Test::Waiter, CreationPolicy: {ResourceSignal: {Count: 2, Timeout: PT1M}}}\n";
  Bench good;
  good.start(kCreate, text);
  EXPECT_TRUE(good.engine.step(good.store).again);
  good.store.signals["W"] = {.successes = {"i-1", "i-2"}};
  good.store.finish(good.engine);
  EXPECT_EQ(good.store.status(), "CREATE_COMPLETE");
  Bench late;
  late.run(kCreate, text);
  EXPECT_EQ(late.store.status(), "ROLLBACK_COMPLETE");
  Bench bad;
  bad.store.signals["W"] = {.failures = {"i-1"}};
  bad.run(kCreate, text);
  EXPECT_EQ(bad.store.status(), "ROLLBACK_COMPLETE");
}

TEST(Engine, ACreationPolicyMayBeContentWithAPartOfTheSignals) {
  const std::string text =
      "  W: {Type: Test::Waiter, CreationPolicy: {ResourceSignal: {Count: 2, Timeout: PT1M}, "
      "AutoScalingCreationPolicy: {MinSuccessfulInstancesPercent: 50}}}\n";
  Bench failing;
  failing.store.signals["W"] = {.successes = {"i-1"}, .failures = {"i-2"}};
  failing.run(kCreate, text);
  EXPECT_EQ(failing.store.status(), "CREATE_COMPLETE");
  Bench silent;
  silent.store.signals["W"] = {.successes = {"i-1"}};
  silent.start(kCreate, text);
  EXPECT_TRUE(silent.engine.step(silent.store).again) << "the other may come yet";
  silent.store.finish(silent.engine);
  EXPECT_EQ(silent.store.status(), "CREATE_COMPLETE");
  Bench none;
  none.run(kCreate, text);
  EXPECT_EQ(none.store.status(), "ROLLBACK_COMPLETE");
}

TEST(Engine, SecretsStayOutOfEvents) {
  Bench bench;
  Operation operation{.kind = kCreate};
  operation.target = {.template_text =
                          "Parameters: {P: {Type: String, NoEcho: true}}\nResources: {A: {Type: "
                          "Test::Thing, Properties: {Name: !Ref P, Fixed: "
                          "'{{resolve:secretsmanager:x}}', Data: !Sub 'a-${P}'}}}",
                      .parameters = {{"P", "hunter2", std::nullopt}}};
  bench.store.begin(bench.engine, operation);
  bench.store.finish(bench.engine);
  EXPECT_EQ(bench.world.living(), Lines{"hunter2"});
  EXPECT_EQ(bench.resource("A").properties.find("Fixed")->as_string()->substr(0, 6), "secret");
  for (const StackEvent& event : bench.store.events) {
    EXPECT_EQ(event.properties.find("hunter2"), std::string::npos);
    EXPECT_EQ(event.properties.find("secret of"), std::string::npos);
  }
}

TEST(Engine, ALargeStackIsMadeAndRemoved) {
  Bench bench;
  std::string text = "  R0: {Type: Test::Thing}\n";
  for (int i = 1; i < 120; ++i) {
    text += "  R" + std::to_string(i) + ": {Type: Test::Thing, Properties: {Name: !Sub 'n" +
            std::to_string(i) + "-${R" + std::to_string(i / 2) + "}'}}\n";
  }
  bench.run(kCreate, text);
  EXPECT_EQ(bench.store.status(), "CREATE_COMPLETE");
  EXPECT_EQ(bench.world.living().size(), 120u);
  bench.run(kDelete, "");
  EXPECT_EQ(bench.world.living(), Lines{});
}

// The heart of it: whatever transaction is lost, the outcome and what exists are the same.
TEST(Engine, BeingKilledAtAnyPointChangesNothing) {
  const std::string first =
      "  A: {Type: Test::Thing, Properties: {Name: before, Fixed: '1'}}\n"
      "  B: {Type: Test::Thing, Properties: {Name: !Ref A}}\n"
      "  C: {Type: Test::Thing, Properties: {Name: c}}\n";
  const std::string second =
      "  A: {Type: Test::Thing, Properties: {Name: a2, Fixed: '2'}}\n"
      "  B: {Type: Test::Thing, Properties: {Name: !Ref A}}\n"
      "  D: {Type: Test::Thing, Properties: {Name: d}, DependsOn: B}\n";
  for (const bool update_fails : {false, true}) {
    for (int crash_at = 1;; ++crash_at) {
      SCOPED_TRACE("lost transaction " + std::to_string(crash_at));
      Bench bench;
      for (const char* name : {"A", "B", "C", "D"})
        bench.world.behaviors[name] = {.polls = 1, .removal_polls = 1};
      if (update_fails) bench.world.behaviors["D"].fails_to_settle = "no";
      bench.start(kCreate, first);
      const int start = bench.store.transactions;
      bench.store.crash_at = start + crash_at;
      bench.store.finish(bench.engine);
      ASSERT_EQ(bench.store.status(), "CREATE_COMPLETE");
      const bool was_lost_early = bench.store.transactions >= bench.store.crash_at;
      if (!was_lost_early) {
        // The update's beginning is the request's transaction, which is not lost here.
        const int left = bench.store.crash_at - bench.store.transactions;
        bench.store.crash_at = -1;
        bench.start(kUpdate, second);
        bench.store.crash_at = bench.store.transactions + left;
      } else {
        bench.start(kUpdate, second);
      }
      bench.store.finish(bench.engine);
      ASSERT_EQ(bench.store.status(),
                update_fails ? "UPDATE_ROLLBACK_COMPLETE" : "UPDATE_COMPLETE");
      const std::string a = bench.resource("A").physical_id;
      ASSERT_EQ(bench.world.living(),
                update_fails ? (Lines{"before", "c", a}) : (Lines{"a2", "d", a}));
      const bool was_lost = bench.store.transactions >= bench.store.crash_at;
      bench.store.crash_at = -1;
      bench.run(kDelete, "");
      ASSERT_EQ(bench.world.living(), Lines{});
      if (!was_lost) {
        EXPECT_GT(crash_at, 20);
        break;
      }
    }
  }
}

}  // namespace
}  // namespace holm::stacks
