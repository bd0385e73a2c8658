// Stacks over the API: what is answered, what is kept, who acts.

#include <algorithm>

#include "services/cloudformation/resources.h"
#include "services/cloudformation/template_source.h"
#include "services/cloudformation/test_place.h"

namespace holm::cloudformation::test {
namespace {

using ::testing::Test;

constexpr char kOne[] = R"(
Parameters:
  Name: {Type: String}
  Secret: {Type: String, NoEcho: true, Default: hidden}
Resources:
  A: {Type: Test::Thing, Properties: {Name: !Ref Name}}
Outputs:
  Arn: {Value: !GetAtt A.Arn, Export: {Name: thing-arn}}
)";
constexpr char kImporter[] = R"(
Resources:
  B: {Type: Test::Thing, Properties: {Name: !ImportValue thing-arn}}
)";
constexpr char kLoner[] = R"(
Resources:
  B: {Type: Test::Thing, Properties: {Name: alone}}
)";

std::string one(const std::string& stack, const std::string& name, const std::string& more = "") {
  return fmt::format(R"("StackName":"{}","Parameters":[{{"ParameterKey":"Name","ParameterValue":"{}"}}]{})",
                     stack, name, more);
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

class Stacks : public CloudFormationTest {
 protected:
  void create_one() {
    ASSERT_TRUE(call("CreateStack", with_template(kOne, one("s", "first"))).starts_with("200"));
    settle();
    ASSERT_EQ(status_of("s"), "CREATE_COMPLETE");
  }
};

TEST_F(Stacks, IsCreatedShownAndDeleted) {
  create_one();
  const std::string shown = call("DescribeStacks", R"({"StackName":"s"})");
  EXPECT_TRUE(contains(shown, R"("OutputKey":"Arn","OutputValue":"arn:thing:1")")) << shown;
  EXPECT_TRUE(contains(shown, R"("ParameterValue":"****")")) << shown;
  EXPECT_FALSE(contains(shown, "hidden")) << shown;
  EXPECT_EQ(call("DeleteStack", R"({"StackName":"s"})"), "200 {}");
  settle();
  EXPECT_EQ(status_of("s"), "400 ValidationError: Stack with id s does not exist");
  EXPECT_TRUE(things().empty());
}

TEST_F(Stacks, StaysDescribableByIdForNinetyDays) {
  const std::string made = call("CreateStack", with_template(kLoner, R"("StackName":"s")"));
  settle();
  const std::string id = *formats::parse_json(made.substr(4))->find("StackId")->as_string();
  call("DeleteStack", R"({"StackName":"s"})");
  settle();
  EXPECT_EQ(status_of(id), "DELETE_COMPLETE");
  place.clock.advance(std::chrono::days(91));
  settle();
  EXPECT_TRUE(status_of(id).starts_with("400"));
}

TEST_F(Stacks, RefusalsAreInAwssWords) {
  create_one();
  struct Case {
    const char* operation;
    std::string request;
    const char* answer;
  };
  const Case cases[] = {
      {"CreateStack", with_template(kOne, one("s", "x")),
       "400 AlreadyExistsException: Stack [s] already exists"},
      {"UpdateStack", with_template(kOne, one("s", "first")),
       "400 ValidationError: No updates are to be performed."},
      {"UpdateStack", with_template(kOne, one("none", "first")),
       "400 ValidationError: Stack [none] does not exist"},
      {"CreateStack", with_template(kOne, R"("StackName":"t")"),
       "400 ValidationError: Parameters: [Name] must have values"},
      {"CreateStack", R"({"StackName":"t"})",
       "400 ValidationError: Either Template URL or Template Body must be specified."},
      {"CreateStack", with_template("Resources: {R: {Type: AWS::IAM::Role}}", R"("StackName":"t")"),
       "400 InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]"},
      {"CreateStack",
       with_template("Resources:\n  A: {Type: Test::Thing, Properties: {Name: !Ref Nobody}}",
                     R"("StackName":"t")"),
       "400 ValidationError: Template format error: Unresolved resource dependencies [Nobody] in the "
       "Resources block of the template (/Resources/A/Properties/Name/Ref, line 2)"},
      {"CreateStack", with_template(kLoner, R"("StackName":"t","RoleARN":"arn:aws:iam::1:role/x")"),
       "400 ValidationError: Role arn:aws:iam::1:role/x is invalid or cannot be assumed"},
      {"CreateStack", with_template(kLoner, R"("StackName":"t","NotificationARNs":["arn:aws:sns:x"])"),
       "501 NotificationARNs"},
      {"ContinueUpdateRollback", R"({"StackName":"none"})",
       "400 ValidationError: Stack [none] does not exist"},
      {"CancelUpdateStack", R"({"StackName":"s"})",
       "400 ValidationError: CancelUpdateStack cannot be called from current stack status"},
      {"SignalResource", R"({"StackName":"s","LogicalResourceId":"A","UniqueId":"1","Status":"SUCCESS"})",
       "400 ValidationError: Resource A is in CREATE_COMPLETE state and cannot be signaled"},
  };
  for (const Case& each : cases) EXPECT_EQ(call(each.operation, each.request), each.answer);
}

TEST_F(Stacks, RulesAreCheckedBeforeAnythingIsMade) {
  constexpr char kRuled[] = R"(
Parameters:
  Name: {Type: String}
  Version: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /bootstrap/version}
Rules:
  Bootstrapped:
    Assertions:
      - {Assert: !Not [!Contains [['1', '2'], !Ref Version]], AssertDescription: Bootstrap first.}
Resources:
  A: {Type: Test::Thing, Properties: {Name: !Ref Name}}
)";
  region.parameters["/bootstrap/version"] = "2";
  const std::string refused =
      "400 ValidationError: Template validation error: Rule 'Bootstrapped' is violated by the parameter values:"
      " Bootstrap first. (/Rules/Bootstrapped/Assertions/0, line 8)";
  EXPECT_EQ(call("CreateStack", with_template(kRuled, one("s", "first"))), refused);
  EXPECT_TRUE(things().empty());
  region.parameters["/bootstrap/version"] = "21";
  EXPECT_TRUE(call("CreateStack", with_template(kRuled, one("s", "first"))).starts_with("200"));
  settle();
  region.parameters["/bootstrap/version"] = "1";
  EXPECT_EQ(call("UpdateStack", with_template(kRuled, one("s", "second"))), refused);
  EXPECT_EQ(things(), std::vector<std::string>{"first"});
}

TEST_F(Stacks, WhatIsNotBuiltIsSaidOnce) {
  const std::string text = std::string(kLoner) + "Transform: AWS::Serverless-2016-10-31\n";
  EXPECT_EQ(call("CreateStack", with_template(text, R"("StackName":"s")")),
            "501 NotImplemented: The transform AWS::Serverless-2016-10-31 is not implemented by holm.");
}

TEST_F(Stacks, CdkMetadataIsTakenWithoutEffect) {
  constexpr char kCdk[] = R"(
Resources:
  B: {Type: Test::Thing, Properties: {Name: alone}}
  CDKMetadata: {Type: AWS::CDK::Metadata, Properties: {Analytics: 'v2:deflate64:H4s'}}
)";
  EXPECT_TRUE(call("CreateStack", with_template(kCdk, R"("StackName":"s")")).starts_with("200"));
  settle();
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE");
  call("DeleteStack", R"({"StackName":"s"})");
  settle();
  EXPECT_TRUE(status_of("s").starts_with("400"));
}

TEST_F(Stacks, IsUpdatedInPlaceAndByReplacement) {
  create_one();
  ASSERT_TRUE(call("UpdateStack", with_template(kOne, one("s", "second"))).starts_with("200"));
  settle();
  EXPECT_EQ(status_of("s"), "UPDATE_COMPLETE");
  EXPECT_EQ(things(), std::vector<std::string>{"second"});
  ASSERT_TRUE(call("UpdateStack", R"({"StackName":"s","UsePreviousTemplate":true,"Parameters":[
      {"ParameterKey":"Name","UsePreviousValue":true}],"Tags":[{"Key":"k","Value":"v"}]})")
                  .starts_with("200"));
  settle();
  EXPECT_EQ(status_of("s"), "UPDATE_COMPLETE");
}

TEST_F(Stacks, AFailedUpdateIsRolledBack) {
  create_one();
  call("UpdateStack", with_template(kOne, one("s", "bad")));
  settle();
  EXPECT_EQ(status_of("s"), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_EQ(things(), std::vector<std::string>{"first"});
}

TEST_F(Stacks, AFailedCreationThatIsKeptCanBeRolledBack) {
  call("CreateStack", with_template(kOne, one("s", "bad", R"(,"DisableRollback":true)")));
  settle();
  EXPECT_EQ(status_of("s"), "CREATE_FAILED");
  EXPECT_TRUE(contains(call("DescribeStackEvents", R"({"StackName":"s"})"), "bad is no name"));
  EXPECT_TRUE(call("RollbackStack", R"({"StackName":"s"})").starts_with("200"));
  settle();
  EXPECT_EQ(status_of("s"), "ROLLBACK_COMPLETE");
}

TEST_F(Stacks, ARepeatedTokenIsTheSameRequest) {
  const std::string request = with_template(kOne, one("s", "first", R"(,"ClientRequestToken":"t1")"));
  const std::string first = call("CreateStack", request);
  ASSERT_TRUE(first.starts_with("200"));
  EXPECT_EQ(call("CreateStack", request), first);
  settle();
  EXPECT_EQ(things().size(), 1u);
}

TEST_F(Stacks, ActsForItsRoleAndKeepsIt) {
  call("CreateStack",
       with_template(kLoner, R"("StackName":"s","RoleARN":"arn:aws:iam::123456789012:role/deployer")"));
  settle();
  EXPECT_EQ(things("maker"), std::vector<std::string>{
                                 "arn:aws:sts::123456789012:assumed-role/deployer/AWSCloudFormation"});
  EXPECT_TRUE(contains(call("DescribeStacks", R"({"StackName":"s"})"), "role/deployer"));
}

TEST_F(Stacks, ActsForWhoeverAskedLast) {
  create_one();
  place.caller.principal.arn = "arn:aws:iam::123456789012:user/other";
  call("UpdateStack",
       with_template(std::string(kOne).replace(std::string(kOne).find("Name: !Ref"), 0, "Fixed: f, "),
                     one("s", "second")));
  settle();
  EXPECT_EQ(things("maker"), std::vector<std::string>{"arn:aws:iam::123456789012:user/other"});
}

TEST_F(Stacks, AnExportInUseKeepsItsStack) {
  create_one();
  call("CreateStack", with_template(kImporter, R"("StackName":"i")"));
  settle();
  EXPECT_EQ(status_of("i"), "CREATE_COMPLETE");
  EXPECT_EQ(call("ListImports", R"({"ExportName":"thing-arn"})"), R"(200 {"Imports":["i"]})");
  EXPECT_EQ(call("DeleteStack", R"({"StackName":"s"})"),
            "400 ValidationError: Export thing-arn cannot be deleted as it is in use by i");
  // An update that imports nothing any more lets it go.
  call("UpdateStack", with_template(kLoner, R"("StackName":"i")"));
  settle();
  EXPECT_EQ(status_of("i"), "UPDATE_COMPLETE");
  EXPECT_EQ(call("DeleteStack", R"({"StackName":"s"})"), "200 {}");
}

TEST_F(Stacks, ADeletedImporterUsesNothing) {
  create_one();
  call("CreateStack", with_template(kImporter, R"("StackName":"i")"));
  settle();
  call("DeleteStack", R"({"StackName":"i"})");
  settle();
  EXPECT_EQ(call("DeleteStack", R"({"StackName":"s"})"), "200 {}");
}

TEST_F(Stacks, AnExportBelongsToOneStack) {
  create_one();
  call("CreateStack", with_template(kOne, one("t", "x")));
  settle();
  EXPECT_EQ(status_of("t"), "ROLLBACK_COMPLETE");
  EXPECT_TRUE(contains(call("DescribeStackEvents", R"({"StackName":"t"})"),
                       "Export with name thing-arn is already exported by stack s"));
}

TEST_F(Stacks, GoesOnWhereAKilledDaemonStopped) {
  for (int commits = 0; commits < 4; ++commits) {
    SCOPED_TRACE(commits);
    const std::string name = fmt::format("k{}", commits);
    ASSERT_TRUE(call("CreateStack", with_template(kLoner, fmt::format(R"("StackName":"{}")", name)))
                    .starts_with("200"));
    region.kill_after(commits);
    jobs->run_due();
    region.kill_after(-1);
    restart();
    settle();
    EXPECT_EQ(status_of(name), "CREATE_COMPLETE");
    EXPECT_EQ(things().size(), 1u + static_cast<size_t>(commits));
  }
}

TEST_F(Stacks, WaitsForSignals) {
  constexpr char kSignalled[] =
      "Resources:\n  A:\n    Type: Test::Thing\n    CreationPolicy: {ResourceSignal: {Count: 1, Timeout: PT5M}}";
  call("CreateStack", with_template(kSignalled, R"("StackName":"s")"));
  settle();
  EXPECT_EQ(status_of("s"), "CREATE_IN_PROGRESS");
  EXPECT_EQ(call("SignalResource",
                 R"({"StackName":"s","LogicalResourceId":"A","UniqueId":"1","Status":"SUCCESS"})"),
            "200 {}");
  settle();
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE");
}

TEST_F(Stacks, TimesOut) {
  call("CreateStack",
       with_template("Resources: {A: {Type: Test::Thing, Properties: {Name: slow}}}",
                     R"("StackName":"s","TimeoutInMinutes":1)"));
  settle();
  EXPECT_EQ(status_of("s"), "ROLLBACK_COMPLETE");
}

TEST_F(Stacks, AProtectedOneIsNotDeleted) {
  call("CreateStack", with_template(kLoner, R"("StackName":"s","EnableTerminationProtection":true)"));
  settle();
  EXPECT_EQ(call("DeleteStack", R"({"StackName":"s"})"),
            "400 ValidationError: Stack [s] cannot be deleted while TerminationProtection is enabled");
  call("UpdateTerminationProtection", R"({"StackName":"s","EnableTerminationProtection":false})");
  EXPECT_EQ(call("DeleteStack", R"({"StackName":"s"})"), "200 {}");
}

TEST_F(Stacks, TakesItsTemplateFromS3) {
  region.objects["bucket/t.yaml"] = kLoner;
  EXPECT_TRUE(
      call("CreateStack", R"({"StackName":"s","TemplateURL":"https://bucket.s3.eu-west-1.amazonaws.com/t.yaml"})")
          .starts_with("200"));
  settle();
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE");
  EXPECT_EQ(call("CreateStack", R"({"StackName":"t","TemplateURL":"http://localhost:4566/bucket/none"})"),
            "404 NoSuchKey: The specified key does not exist.");
}

TEST(TemplateSource, UnderstandsUrlsOfS3) {
  const std::pair<const char*, std::optional<ObjectPlace>> cases[] = {
      {"https://b.s3.amazonaws.com/k/l", ObjectPlace{"b", "k/l", {}}},
      {"https://b.c.s3-eu-west-1.amazonaws.com/k", ObjectPlace{"b.c", "k", {}}},
      {"https://s3.eu-west-1.amazonaws.com/b/k%20l?versionId=7", ObjectPlace{"b", "k l", "7"}},
      {"http://localhost:4566/b/k", ObjectPlace{"b", "k", {}}},
      {"http://b.s3.localhost:4566/k", ObjectPlace{"b", "k", {}}},
      {"http://localhost:4566/b", std::nullopt},
      {"ftp://localhost/b/k", std::nullopt},
      {"https://localhost", std::nullopt},
      {"https://localhost/b/%", std::nullopt},
  };
  for (const auto& [url, place] : cases) EXPECT_EQ(find_object_place(url), place) << url;
}

}  // namespace
}  // namespace holm::cloudformation::test
