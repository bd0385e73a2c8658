// Stacks in stacks: made, updated, taken back and deleted together.

#include <algorithm>

#include "base/strings.h"
#include "services/cloudformation/test_place.h"

namespace holm::cloudformation::test {
namespace {

constexpr char kChild[] = R"(
Parameters: {Name: {Type: String}, Fixed: {Type: String, Default: here}}
Resources:
  T: {Type: Test::Thing, Properties: {Name: !Ref Name, Fixed: !Ref Fixed}}
Outputs:
  Arn: {Value: !GetAtt T.Arn}
)";
constexpr char kParent[] = R"(
Parameters: {Name: {Type: String}, Fixed: {Type: String, Default: here}, After: {Type: String, Default: after}}
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: https://bucket.s3.us-east-1.localhost/child.yaml
      Parameters: {Name: !Ref Name, Fixed: !Ref Fixed}
      Tags: [{Key: own, Value: tag}]
  Last: {Type: Test::Thing, Properties: {Name: !Ref After, Fixed: !GetAtt Child.Outputs.Arn}}
Outputs:
  Arn: {Value: !GetAtt Child.Outputs.Arn}
  Id: {Value: !Ref Child}
)";

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

class NestedStacks : public CloudFormationTest {
 protected:
  void SetUp() override {
    CloudFormationTest::SetUp();
    region.objects["bucket/child.yaml"] = kChild;
  }

  static std::string given(const std::vector<std::pair<std::string, std::string>>& parameters) {
    std::vector<std::string> members;
    for (const auto& [key, value] : parameters) {
      members.push_back(fmt::format(R"({{"ParameterKey":"{}","ParameterValue":"{}"}})", key, value));
    }
    return fmt::format(R"("StackName":"s","Parameters":[{}])", join(members, ","));
  }
  void create() {
    const std::string answer = call("CreateStack", with_template(kParent, given({{"Name", "first"}})));
    ASSERT_TRUE(answer.starts_with("200")) << answer;
    settle();
    ASSERT_EQ(status_of("s"), "CREATE_COMPLETE") << events("s");
    ASSERT_EQ(things(), (std::vector<std::string>{"first", "after"}));
  }
  void update(const std::vector<std::pair<std::string, std::string>>& parameters) {
    const std::string answer = call("UpdateStack", with_template(kParent, given(parameters)));
    ASSERT_TRUE(answer.starts_with("200")) << answer;
    settle();
  }
  std::string events(const std::string& stack) {
    return call("DescribeStackEvents", fmt::format(R"({{"StackName":"{}"}})", stack));
  }
  // The id of the nested stack.
  std::string child() {
    auto shown = formats::parse_json(
        call("DescribeStackResource", R"({"StackName":"s","LogicalResourceId":"Child"})").substr(4));
    return *shown->find("StackResourceDetail")->find("PhysicalResourceId")->as_string();
  }
};

TEST_F(NestedStacks, AreMadeShownAndDeletedWithTheirParent) {
  create();
  const std::string id = child();
  EXPECT_TRUE(contains(id, ":stack/s-Child-")) << id;
  const std::string shown = call("DescribeStacks", fmt::format(R"({{"StackName":"{}"}})", id));
  auto parent = formats::parse_json(call("DescribeStacks", R"({"StackName":"s"})").substr(4));
  const std::string parent_id = *parent->find("Stacks")->as_array()->front().find("StackId")->as_string();
  EXPECT_TRUE(contains(shown, fmt::format(R"("ParentId":"{0}","RootId":"{0}")", parent_id))) << shown;
  EXPECT_TRUE(contains(shown, R"("Tags":[{"Key":"own","Value":"tag"}])")) << shown;
  EXPECT_TRUE(contains(call("DescribeStacks", R"({"StackName":"s"})"), R"("OutputValue":"arn:thing:1")"));
  call("DeleteStack", R"({"StackName":"s"})");
  settle();
  EXPECT_TRUE(status_of("s").starts_with("400"));
  EXPECT_EQ(status_of(id), "DELETE_COMPLETE");
  EXPECT_TRUE(things().empty());
}

TEST_F(NestedStacks, FailToBeMadeInTheirParentsEvents) {
  call("CreateStack", with_template(kParent, given({{"Name", "bad"}})));
  settle();
  EXPECT_EQ(status_of("s"), "ROLLBACK_COMPLETE");
  EXPECT_TRUE(contains(events("s"),
                       " was not successfully created: The following resource(s) failed to create: [T]. "))
      << events("s");
  EXPECT_TRUE(things().empty());
}

TEST_F(NestedStacks, WithoutATemplateFailTheirParent) {
  region.objects.clear();
  call("CreateStack", with_template(kParent, given({{"Name", "first"}})));
  settle();
  EXPECT_EQ(status_of("s"), "ROLLBACK_COMPLETE");
  EXPECT_TRUE(contains(events("s"), "NoSuchKey: The specified key does not exist.")) << events("s");
}

TEST_F(NestedStacks, AreUpdatedWithTheirParent) {
  create();
  update({{"Name", "second"}});
  EXPECT_EQ(status_of("s"), "UPDATE_COMPLETE") << events("s");
  EXPECT_EQ(status_of(child()), "UPDATE_COMPLETE");
  EXPECT_EQ(things(), (std::vector<std::string>{"second", "after"}));
}

TEST_F(NestedStacks, AreUpdatedWhenOnlyTheirTemplateIsAnotherOne) {
  create();
  region.objects["bucket/child.yaml"] = replace_all(kChild, "Name: !Ref Name,", "Name: !Sub 'new-${Name}',");
  update({{"Name", "first"}});
  EXPECT_EQ(status_of("s"), "UPDATE_COMPLETE") << events("s");
  EXPECT_EQ(things(), (std::vector<std::string>{"new-first", "after"}));
}

TEST_F(NestedStacks, WithNothingToChangeAreLeftAlone) {
  create();
  update({{"Name", "first"}, {"After", "later"}});
  EXPECT_EQ(status_of("s"), "UPDATE_COMPLETE") << events("s");
  EXPECT_EQ(status_of(child()), "CREATE_COMPLETE");
  EXPECT_EQ(things(), (std::vector<std::string>{"first", "later"}));
}

TEST_F(NestedStacks, KeepWhatTheyReplacedUntilTheRootHasSucceeded) {
  create();
  // The nested stack replaces its thing; then what comes after it fails.
  update({{"Name", "first"}, {"Fixed", "elsewhere"}, {"After", "bad"}});
  EXPECT_EQ(status_of("s"), "UPDATE_ROLLBACK_COMPLETE") << events("s");
  EXPECT_EQ(status_of(child()), "UPDATE_ROLLBACK_COMPLETE") << events(child());
  EXPECT_EQ(things("CAST(id AS TEXT)"), (std::vector<std::string>{"1", "2"}));
  EXPECT_TRUE(contains(call("DescribeStacks", R"({"StackName":"s"})"), R"("OutputValue":"arn:thing:1")"));
}

TEST_F(NestedStacks, ThatFailToUpdateTakeTheirParentBack) {
  create();
  update({{"Name", "bad"}});
  EXPECT_EQ(status_of("s"), "UPDATE_ROLLBACK_COMPLETE") << events("s");
  EXPECT_EQ(status_of(child()), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_TRUE(
      contains(events("s"), " was not successfully updated. Currently in UPDATE_FAILED with reason: "))
      << events("s");
  EXPECT_EQ(things(), (std::vector<std::string>{"first", "after"}));
}

TEST_F(NestedStacks, AreUpdatedAgainAfterAFailureThatWasKept) {
  create();
  const std::string kept = given({{"Name", "second"}, {"After", "bad"}}) + R"(,"DisableRollback":true)";
  call("UpdateStack", with_template(kParent, kept));
  settle();
  EXPECT_EQ(status_of("s"), "UPDATE_FAILED") << events("s");
  update({{"Name", "third"}});
  EXPECT_EQ(status_of("s"), "UPDATE_COMPLETE") << events("s");
  EXPECT_EQ(status_of(child()), "UPDATE_COMPLETE");
  EXPECT_EQ(things(), (std::vector<std::string>{"third", "after"}));
}

TEST_F(NestedStacks, ThatGoWithAnUpdateComeBackWhenItFails) {
  create();
  const std::string without = R"(
Resources:
  Last: {Type: Test::Thing, Properties: {Name: bad}}
)";
  const std::string id = child();
  call("UpdateStack", with_template(without, R"("StackName":"s")"));
  settle();
  EXPECT_EQ(status_of("s"), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(status_of(id), "CREATE_COMPLETE");
  EXPECT_EQ(child(), id);
}

TEST_F(NestedStacks, GoOnAfterTheEndOfTheDaemon) {
  call("CreateStack", with_template(kParent, given({{"Name", "first"}})));
  for (int i = 0; i < 40; ++i) {
    jobs->run_due();
    place.clock.advance(std::chrono::milliseconds(200));
    restart();
  }
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE") << events("s");
  EXPECT_EQ(things(), (std::vector<std::string>{"first", "after"}));
}

TEST_F(NestedStacks, AreShownInAChangeSetAsWhatWillBeLookedAt) {
  create();
  call("CreateChangeSet", with_template(kParent, given({{"Name", "first"}}) + R"(,"ChangeSetName":"c")"));
  const std::string shown = call("DescribeChangeSet", R"({"StackName":"s","ChangeSetName":"c"})");
  EXPECT_TRUE(contains(shown, R"("ChangeSource":"Automatic")")) << shown;
  EXPECT_TRUE(contains(shown, R"("Status":"CREATE_COMPLETE")")) << shown;
}

constexpr char kLoops[] = R"(
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: 'a,b'}, Keep: {Type: String, Default: Delete}}
Resources:
  Fn::ForEach::Things:
    - Name
    - !Ref Names
    - 'T${Name}': {Type: Test::Thing, DeletionPolicy: !Ref Keep, Properties: {Name: !Sub '${Name}-x'}}
Outputs:
  Count: {Value: !Sub ['${n}', {n: {'Fn::Length': !Ref Names}}]}
  Fn::ForEach::Arns:
    - Name
    - !Ref Names
    - 'Arn${Name}': {Value: !GetAtt [!Sub 'T${Name}', Arn]}
)";

TEST_F(NestedStacks, LoopsAreUnrolledAndBothStagesAreKept) {
  EXPECT_EQ(call("CreateStack", with_template(kLoops, R"("StackName":"s")")),
            "400 InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_AUTO_EXPAND]");
  const std::string answer = call(
      "CreateStack", with_template(kLoops, R"("StackName":"s","Capabilities":["CAPABILITY_AUTO_EXPAND"])"));
  ASSERT_TRUE(answer.starts_with("200")) << answer;
  settle();
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE") << events("s");
  EXPECT_EQ(things(), (std::vector<std::string>{"a-x", "b-x"}));
  const std::string shown = call("DescribeStacks", R"({"StackName":"s"})");
  EXPECT_TRUE(contains(shown, R"("OutputKey":"Arnb","OutputValue":"arn:thing:2")")) << shown;
  EXPECT_TRUE(contains(shown, R"("OutputKey":"Count","OutputValue":"2")")) << shown;
  EXPECT_TRUE(contains(call("GetTemplate", R"({"StackName":"s"})"), "Fn::ForEach::Things"));
  const std::string processed = call("GetTemplate", R"({"StackName":"s","TemplateStage":"Processed"})");
  EXPECT_TRUE(contains(processed, R"(\"Tb\":{\"Type\":\"Test::Thing\",\"DeletionPolicy\":\"Delete\")"))
      << processed;
  // Another list, with the template that was given.
  const std::string more =
      R"({"StackName":"s","UsePreviousTemplate":true,"Capabilities":["CAPABILITY_AUTO_EXPAND"],)"
      R"("Parameters":[{"ParameterKey":"Names","ParameterValue":"b,c"}]})";
  EXPECT_TRUE(call("UpdateStack", more).starts_with("200"));
  settle();
  EXPECT_EQ(things(), (std::vector<std::string>{"b-x", "c-x"}));
}

TEST_F(NestedStacks, ATemplateWithTransformsIsSummarisedAsItIs) {
  const std::string seen = call("ValidateTemplate", with_template(kLoops, R"("TemplateURL":null)"));
  EXPECT_TRUE(contains(seen, R"("DeclaredTransforms":["AWS::LanguageExtensions"])")) << seen;
  EXPECT_TRUE(contains(seen, "CAPABILITY_AUTO_EXPAND")) << seen;
  EXPECT_TRUE(contains(call("GetTemplateSummary", with_template(kLoops, R"("TemplateURL":null)")),
                       R"("ResourceTypes":["Test::Thing"])"));
}

}  // namespace
}  // namespace holm::cloudformation::test
