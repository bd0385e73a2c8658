// Change sets, as `aws cloudformation deploy` uses them.

#include "services/cloudformation/test_place.h"

namespace holm::cloudformation::test {
namespace {

constexpr char kFirst[] = "Resources: {A: {Type: Test::Thing, Properties: {Name: one, Fixed: x}}}";
constexpr char kSecond[] =
    "Resources:\n  A: {Type: Test::Thing, Properties: {Name: two, Fixed: x}}\n"
    "  B: {Type: Test::Thing, Properties: {Name: three}}";

class ChangeSets : public CloudFormationTest {
 protected:
  std::string create(const char* text, const std::string& name, const std::string& type) {
    return call("CreateChangeSet",
                CloudFormationTest::with_template(
                    text, fmt::format(R"("StackName":"s","ChangeSetName":"{}","ChangeSetType":"{}",
                                         "Description":"Created by a test")",
                                      name, type)));
  }
  std::string describe(const std::string& name) {
    return call("DescribeChangeSet", fmt::format(R"({{"StackName":"s","ChangeSetName":"{}"}})", name));
  }
  std::string execute(const std::string& name) {
    return call("ExecuteChangeSet", fmt::format(R"({{"StackName":"s","ChangeSetName":"{}"}})", name));
  }
  void deploy(const char* text, const std::string& name, const std::string& type) {
    ASSERT_TRUE(create(text, name, type).starts_with("200"));
    ASSERT_EQ(execute(name), "200 {}");
    settle();
  }
  static bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  }
};

TEST_F(ChangeSets, AreLookedAtBeforeAnythingIsMade) {
  ASSERT_TRUE(create(kFirst, "c1", "CREATE").starts_with("200"));
  settle();
  EXPECT_EQ(status_of("s"), "REVIEW_IN_PROGRESS");
  EXPECT_TRUE(things().empty());
  const std::string shown = describe("c1");
  EXPECT_TRUE(contains(shown, R"("ExecutionStatus":"AVAILABLE","Status":"CREATE_COMPLETE")")) << shown;
  EXPECT_TRUE(contains(shown, R"("Action":"Add","LogicalResourceId":"A")")) << shown;
}

TEST_F(ChangeSets, MakeAndUpdateAStack) {
  deploy(kFirst, "c1", "CREATE");
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE");
  EXPECT_TRUE(contains(describe("c1"), "EXECUTE_COMPLETE"));
  ASSERT_TRUE(create(kSecond, "c2", "UPDATE").starts_with("200"));
  const std::string shown = describe("c2");
  EXPECT_TRUE(contains(shown, R"("Action":"Modify","LogicalResourceId":"A")")) << shown;
  EXPECT_TRUE(contains(shown, R"("Replacement":"False")")) << shown;
  ASSERT_EQ(execute("c2"), "200 {}");
  settle();
  EXPECT_EQ(status_of("s"), "UPDATE_COMPLETE");
  EXPECT_EQ(things(), (std::vector<std::string>{"two", "three"}));
}

// The words are those that the AWS CLI looks for.
TEST_F(ChangeSets, WithoutChangesFailAndCannotBeExecuted) {
  deploy(kFirst, "c1", "CREATE");
  ASSERT_TRUE(create(kFirst, "c2", "UPDATE").starts_with("200"));
  const std::string shown = describe("c2");
  EXPECT_TRUE(contains(shown, R"("Status":"FAILED")")) << shown;
  EXPECT_TRUE(contains(shown, "The submitted information didn't contain changes.")) << shown;
  EXPECT_TRUE(execute("c2").starts_with("400 InvalidChangeSetStatus"));
}

TEST_F(ChangeSets, BecomeObsoleteWhenTheStackMovesOn) {
  deploy(kFirst, "c1", "CREATE");
  create(kSecond, "c2", "UPDATE");
  deploy(kSecond, "c3", "UPDATE");
  EXPECT_TRUE(contains(describe("c2"), "OBSOLETE"));
  EXPECT_TRUE(execute("c2").starts_with("400 InvalidChangeSetStatus"));
}

TEST_F(ChangeSets, AreListedAndDeleted) {
  create(kFirst, "c1", "CREATE");
  EXPECT_TRUE(contains(call("ListChangeSets", R"({"StackName":"s"})"), R"("ChangeSetName":"c1")"));
  EXPECT_EQ(call("DeleteChangeSet", R"({"StackName":"s","ChangeSetName":"c1"})"), "200 {}");
  EXPECT_EQ(describe("c1"), "404 ChangeSetNotFound: ChangeSet [c1] does not exist");
  EXPECT_EQ(call("DeleteStack", R"({"StackName":"s"})"), "200 {}");
  settle();
  EXPECT_TRUE(status_of("s").starts_with("400"));
}

TEST_F(ChangeSets, OfAStackThatIsThereOrNotAreRefused) {
  EXPECT_EQ(create(kFirst, "c1", "UPDATE"), "400 ValidationError: Stack [s] does not exist");
  deploy(kFirst, "c1", "CREATE");
  EXPECT_EQ(create(kFirst, "c2", "CREATE"),
            "400 ValidationError: Stack [s] already exists and cannot be created again with the changeSet [c2].");
}

}  // namespace
}  // namespace holm::cloudformation::test
