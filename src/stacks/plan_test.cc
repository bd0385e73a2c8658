// Change sets: what an update is going to do, told before it is done.

#include "stacks/plan.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "stacks/fakes.h"
#include "support/seeded_random.h"

namespace holm::stacks {
namespace {

constexpr const char* kBefore =
    "Parameters: {P: {Type: String, Default: x}}\n"
    "Resources:\n"
    "  A: {Type: Test::Thing, Properties: {Name: !Ref P, Fixed: '1', Size: '3'}}\n"
    "  B: {Type: Test::Thing, Properties: {Name: !Ref A}}\n"
    "  C: {Type: Test::Thing, Properties: {Fixed: !GetAtt A.Arn}}\n"
    "  D: {Type: Test::Thing, Properties: {Name: d}}\n";

// One line a change: action, resource, replacement, and its details.
std::string describe(const Change& change) {
  std::string text = change.action + " " + change.logical_id + " " + change.replacement;
  for (const ChangeDetail& detail : change.details) {
    text += " [" + detail.attribute + "." + detail.name + " " + detail.requires_recreation + " " +
            detail.evaluation + " " + detail.change_source + " " + detail.causing_entity + "]";
  }
  return text;
}

class Plans : public testing::Test {
 protected:
  Plans() {
    test::add_fake_types(types_, world_);
    store_.stack.name = "s";
    Operation operation{.kind = OperationKind::Create};
    operation.target = {.template_text = kBefore, .parameters = {{"P", "x", std::nullopt}}};
    store_.begin(engine_, operation);
    store_.finish(engine_);
  }

  std::vector<std::string> planned(const std::string& text, const std::string& parameter = "x",
                                   std::vector<Tag> tags = {}) {
    const Deployment target{
        .template_text = text, .parameters = {{"P", parameter, std::nullopt}}, .tags = std::move(tags)};
    std::vector<std::string> lines;
    store_.transact([&](Session& session) {
      auto changes = plan({session.load(), target, {.stack_name = "s"}, types_, session});
      if (!changes) {
        lines = {changes.error().describe()};
        return;
      }
      for (const Change& change : *changes) lines.push_back(describe(change));
    });
    return lines;
  }

  test::World world_;
  TypeRegistry types_;
  holm::test::SeededRandom random_{1};
  Engine engine_{types_, random_};
  test::MemoryStore store_{world_};
};

using Lines = std::vector<std::string>;

TEST_F(Plans, TheSameTemplateChangesNothing) {
  EXPECT_EQ(planned(kBefore), Lines{});
  EXPECT_EQ(planned(replace_all(kBefore, "Size: '3'", "Size: 3")), Lines{});
}

TEST_F(Plans, AnythingIsAddedToAStackThatIsNotThere) {
  store_.stack = {.name = "s"};
  EXPECT_EQ(planned(kBefore), (Lines{"Add A ", "Add B ", "Add C ", "Add D "}));
}

TEST_F(Plans, AChangeInPlaceReachesOnlyAttributes) {
  EXPECT_EQ(
      planned(replace_all(kBefore, "'3'", "'4'")),
      (Lines{"Modify A False [Properties.Size Never Static DirectModification ]",
             "Modify C Conditional [Properties.Fixed Always Dynamic ResourceAttribute A.Arn]"}));
}

TEST_F(Plans, AReplacementReachesReferencesToo) {
  EXPECT_EQ(
      planned(replace_all(kBefore, "'1'", "'2'")),
      (Lines{"Modify A True [Properties.Fixed Always Static DirectModification ]",
             "Modify B False [Properties.Name Never Dynamic ResourceReference A]",
             "Modify C Conditional [Properties.Fixed Always Dynamic ResourceAttribute A.Arn]"}));
}

TEST_F(Plans, AParameterIsNamedAsTheCause) {
  EXPECT_EQ(planned(kBefore, "y").at(0),
            "Modify A False [Properties.Name Never Static ParameterReference P]");
}

TEST_F(Plans, WhatIsNoLongerDeclaredIsRemovedAndTheNewAdded) {
  EXPECT_EQ(planned(replace_all(kBefore, "  D:", "  E:")), (Lines{"Add E ", "Remove D "}));
}

TEST_F(Plans, APropertyThatGoesIsAChange) {
  EXPECT_EQ(planned(replace_all(kBefore, "{Name: d}", "{}")),
            Lines{"Modify D False [Properties.Name Never Static DirectModification ]"});
}

TEST_F(Plans, MetadataIsAChangeAsItIsEvaluated) {
  const std::string text = replace_all(kBefore, "{Name: d}}", "{Name: d}, Metadata: {For: !Ref P}}");
  EXPECT_EQ(planned(text), Lines{"Modify D False [Metadata. Never Static DirectModification ]"});
  Operation operation{.kind = OperationKind::Update};
  operation.target = {.template_text = text, .parameters = {{"P", "x", std::nullopt}}};
  store_.begin(engine_, operation);
  store_.finish(engine_);
  EXPECT_EQ(planned(text), Lines{});
  EXPECT_EQ(planned(text, "y").back(), "Modify D False [Metadata. Never Static DirectModification ]");
  const std::string of_new =
      replace_all(text, "{For: !Ref P}}", "{For: !Ref N}}\n  N: {Type: Test::Thing, Properties: {Name: n}}");
  EXPECT_EQ(planned(of_new), (Lines{"Add N ", "Modify D False [Metadata. Never Dynamic ResourceReference N]"}));
}

TEST_F(Plans, TagsOfTheStackAreAChangeOfWhatTakesTags) {
  EXPECT_EQ(planned(kBefore, "x", {{"team", "blue"}}),
            (Lines{"Modify A False [Tags. Never Static DirectModification ]",
                   "Modify B False [Tags. Never Static DirectModification ]",
                   "Modify C False [Tags. Never Static DirectModification ]",
                   "Modify D False [Tags. Never Static DirectModification ]"}));
}

TEST_F(Plans, APolicyIsAChangeOfItsOwn) {
  const std::string text = replace_all(kBefore, "D: {", "D: {DeletionPolicy: Retain, ");
  EXPECT_EQ(planned(text),
            Lines{"Modify D False [DeletionPolicy. Never Static DirectModification ]"});
}

}  // namespace
}  // namespace holm::stacks
