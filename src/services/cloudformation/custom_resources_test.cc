// Custom resources and wait conditions: what is asked, what answers do, and who may answer.

#include "base/strings.h"
#include "services/cloudformation/replies.h"
#include "services/cloudformation/reply_door.h"
#include "services/cloudformation/test_place.h"

namespace holm::cloudformation::test {
namespace {

constexpr char kCustom[] = R"(
Parameters: {Size: {Type: Number, Default: 1}}
Resources:
  C:
    Type: Custom::Thing
    Properties:
      ServiceToken: arn:aws:lambda:us-east-1:123456789012:function:maker
      ServiceTimeout: 60
      Size: !Ref Size
      Flags: {On: true, List: [1, {Deep: false}]}
  A: {Type: Test::Thing, Properties: {Name: !GetAtt C.Word}}
Outputs:
  Id: {Value: !Ref C}
)";

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string text_of(const formats::Value& value, std::string_view name) {
  const formats::Value* member = value.find(name);
  return member && member->as_string() ? *member->as_string() : std::string();
}

class CustomResources : public CloudFormationTest {
 protected:
  // Runs what is due without letting the resource's time pass.
  void run() {
    for (int i = 0; i < 20; ++i) {
      jobs->run_due();
      place.clock.advance(std::chrono::milliseconds(200));
    }
  }
  const formats::Value& asked() { return region.requests.back(); }

  // Puts a body where a URL leads; the status, or the error's code.
  std::string put(const std::string& url, const std::string& body) {
    const size_t start = url.find("/cloudformation-");
    const size_t question = url.find('?');
    EXPECT_NE(start, std::string::npos) << url;
    Receipt receipt;
    region.transact(place.caller, sql::Access::Write, [&](aws::Call& call) {
      receipt = take_delivery(*service, call,
                              {url.substr(start, question - start), url.substr(question + 1), body});
    });
    return receipt.code.empty() ? std::to_string(receipt.status) : receipt.code;
  }

  std::string answer(const std::string& members) {
    std::string body = R"({"StackId":)";
    formats::append_json_string(body, text_of(asked(), "StackId"));
    body +=
        R"(,"LogicalResourceId":"C","RequestId":")" + text_of(asked(), "RequestId") + "\"," + members + "}";
    return put(text_of(asked(), "ResponseURL"), body);
  }
  void succeed(const std::string& id, const std::string& word = "hello") {
    EXPECT_EQ(
        answer(R"("Status":"SUCCESS","PhysicalResourceId":")" + id + R"(","Data":{"Word":")" + word + "\"}"),
        "200");
    run();
  }

  void create() {
    ASSERT_TRUE(call("CreateStack", with_template(kCustom, R"("StackName":"s")")).starts_with("200"));
    run();
    ASSERT_EQ(region.requests.size(), 1u);
  }
  void update(const std::string& size) {
    ASSERT_TRUE(
        call("UpdateStack", with_template(kCustom, R"("StackName":"s","Parameters":[{"ParameterKey":"Size",)"
                                                   R"("ParameterValue":")" +
                                                       size + "\"}]"))
            .starts_with("200"));
    run();
  }
  std::string events() { return call("DescribeStackEvents", R"({"StackName":"s"})"); }
};

TEST_F(CustomResources, AreAskedForAsAwsDocumentsIt) {
  create();
  EXPECT_EQ(status_of("s"), "CREATE_IN_PROGRESS");
  EXPECT_EQ(text_of(asked(), "RequestType"), "Create");
  EXPECT_EQ(text_of(asked(), "ResourceType"), "Custom::Thing");
  EXPECT_EQ(text_of(asked(), "LogicalResourceId"), "C");
  EXPECT_EQ(asked().find("PhysicalResourceId"), nullptr);
  EXPECT_EQ(formats::write_json(*asked().find("ResourceProperties")),
            R"({"ServiceToken":"arn:aws:lambda:us-east-1:123456789012:function:maker","ServiceTimeout":"60",)"
            R"("Size":"1","Flags":{"On":"true","List":["1",{"Deep":"false"}]}})");
  EXPECT_TRUE(
      text_of(asked(), "ResponseURL").starts_with("https://holm.internal/cloudformation-custom-resource-"));
  succeed("thing-1");
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE");
  EXPECT_EQ(things(), std::vector<std::string>{"hello"});
  EXPECT_TRUE(contains(call("DescribeStacks", R"({"StackName":"s"})"), R"("OutputValue":"thing-1")"));

  call("DeleteStack", R"({"StackName":"s"})");
  run();
  EXPECT_EQ(text_of(asked(), "RequestType"), "Delete");
  EXPECT_EQ(text_of(asked(), "PhysicalResourceId"), "thing-1");
  succeed("thing-1");
  EXPECT_TRUE(status_of("s").starts_with("400"));
}

TEST_F(CustomResources, AnUpdateTellsBothPropertiesAndKeepsTheResource) {
  create();
  succeed("thing-1");
  update("2");
  EXPECT_EQ(text_of(asked(), "RequestType"), "Update");
  EXPECT_EQ(text_of(asked(), "PhysicalResourceId"), "thing-1");
  EXPECT_EQ(text_of(*asked().find("OldResourceProperties"), "Size"), "1");
  EXPECT_EQ(text_of(*asked().find("ResourceProperties"), "Size"), "2");
  succeed("thing-1", "changed");
  EXPECT_EQ(status_of("s"), "UPDATE_COMPLETE");
  EXPECT_EQ(region.requests.size(), 2u);
  EXPECT_EQ(things(), std::vector<std::string>{"changed"});
}

TEST_F(CustomResources, AnotherIdInAnUpdateReplacesTheResource) {
  create();
  succeed("thing-1");
  update("2");
  succeed("thing-2");
  EXPECT_EQ(status_of("s"), "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
  EXPECT_EQ(text_of(asked(), "RequestType"), "Delete");
  EXPECT_EQ(text_of(asked(), "PhysicalResourceId"), "thing-1");
  EXPECT_EQ(text_of(*asked().find("ResourceProperties"), "Size"), "1");
  succeed("thing-1");
  EXPECT_EQ(status_of("s"), "UPDATE_COMPLETE");
  EXPECT_TRUE(contains(call("DescribeStacks", R"({"StackName":"s"})"), R"("OutputValue":"thing-2")"));
}

TEST_F(CustomResources, ARollbackTakesTheReplacedOneBack) {
  create();
  succeed("thing-1");
  update("2");
  succeed("thing-2", "bad");  // The thing refuses to be called so.
  EXPECT_EQ(text_of(asked(), "RequestType"), "Delete");
  EXPECT_EQ(text_of(asked(), "PhysicalResourceId"), "thing-2");
  succeed("thing-2");
  EXPECT_EQ(status_of("s"), "UPDATE_ROLLBACK_COMPLETE");
  EXPECT_TRUE(contains(call("DescribeStacks", R"({"StackName":"s"})"), R"("OutputValue":"thing-1")"));
}

TEST_F(CustomResources, AFailureIsToldAndWhatItLeftIsRemoved) {
  create();
  EXPECT_EQ(answer(R"("Status":"FAILED","Reason":"no room","PhysicalResourceId":"half")"), "200");
  run();
  EXPECT_TRUE(contains(events(),
                       "Received response status [FAILED] from custom resource. Message returned: no room"
                       " (RequestId: "));
  EXPECT_EQ(text_of(asked(), "RequestType"), "Delete");
  EXPECT_EQ(text_of(asked(), "PhysicalResourceId"), "half");
  succeed("half");
  EXPECT_EQ(status_of("s"), "ROLLBACK_COMPLETE");
}

TEST_F(CustomResources, SilenceFailsWhenTheTimeIsOver) {
  create();
  place.clock.advance(std::chrono::seconds(61));
  run();
  EXPECT_TRUE(contains(events(), "CloudFormation did not receive a response from your Custom Resource."));
  EXPECT_EQ(text_of(asked(), "RequestType"), "Delete");
  EXPECT_TRUE(text_of(asked(), "PhysicalResourceId").starts_with("s-C-"));
}

TEST_F(CustomResources, OnlyWhoKnowsTheUrlAnswersAndOnlyTheFirstAnswerCounts) {
  create();
  std::string url = text_of(asked(), "ResponseURL");
  const char last = url.back();
  url.back() = last == '0' ? '1' : '0';
  EXPECT_EQ(put(url, R"({"Status":"SUCCESS","PhysicalResourceId":"x","Data":{"Word":"forged"}})"),
            "AccessDenied");
  run();
  EXPECT_EQ(status_of("s"), "CREATE_IN_PROGRESS");
  succeed("thing-1");
  EXPECT_EQ(answer(R"("Status":"FAILED","Reason":"too late")"), "200");
  run();
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE");
}

TEST_F(CustomResources, AnAnswerThatIsTooLongFails) {
  create();
  EXPECT_EQ(
      answer(R"("Status":"SUCCESS","PhysicalResourceId":"x","Reason":")" + std::string(4096, 'x') + "\""),
      "200");
  run();
  EXPECT_TRUE(contains(events(), "Response object is too long."));
}

TEST_F(CustomResources, AFunctionThatCannotBeInvokedFailsTheResource) {
  region.invocation_error = "ResourceNotFoundException";
  call("CreateStack", with_template(kCustom, R"("StackName":"s")"));
  run();
  EXPECT_TRUE(contains(events(), "ResourceNotFoundException: not now"));
  // Nobody was told of it, so there is nothing to remove.
  EXPECT_EQ(status_of("s"), "ROLLBACK_COMPLETE");
  EXPECT_TRUE(region.requests.empty());
}

TEST_F(CustomResources, AThrottledFunctionIsAskedAgain) {
  region.invocation_error = "TooManyRequestsException";
  call("CreateStack", with_template(kCustom, R"("StackName":"s")"));
  run();
  EXPECT_EQ(status_of("s"), "CREATE_IN_PROGRESS");
  region.invocation_error.clear();
  run();
  EXPECT_EQ(region.requests.size(), 1u);
  EXPECT_EQ(region.invoker, place.caller.principal.arn);
}

TEST_F(CustomResources, ATopicIsAskedAsWell) {
  const std::string text = replace_all(kCustom, "arn:aws:lambda:us-east-1:123456789012:function:maker",
                                       "arn:aws:sns:us-east-1:123456789012:requests");
  call("CreateStack", with_template(text, R"("StackName":"s")"));
  run();
  ASSERT_EQ(region.requests.size(), 1u);
  succeed("thing-1");
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE");
}

TEST_F(CustomResources, SurviveTheEndOfTheDaemon) {
  create();
  restart();
  succeed("thing-1");
  restart();
  run();
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE");
  EXPECT_EQ(region.requests.size(), 1u);
}

TEST_F(CustomResources, WhatIsNotToBeEchoedIsNotShownInEvents) {
  create();
  EXPECT_EQ(answer(R"("Status":"SUCCESS","PhysicalResourceId":"x","NoEcho":true,"Data":{"Word":"hush"})"),
            "200");
  run();
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE");
  EXPECT_EQ(things(), std::vector<std::string>{"hush"});
  EXPECT_FALSE(contains(events(), "hush"));
}

TEST_F(CustomResources, TheServiceTokenStays) {
  create();
  succeed("thing-1");
  const std::string text = replace_all(kCustom, "function:maker", "function:other");
  call("UpdateStack", with_template(text, R"("StackName":"s")"));
  run();
  EXPECT_TRUE(contains(events(), "Modifying service token is not allowed."));
}

constexpr char kWaiting[] = R"(
Resources:
  H: {Type: AWS::CloudFormation::WaitConditionHandle}
  W: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref H, Timeout: 30, Count: 2}}
Outputs:
  Url: {Value: !Ref H}
  Data: {Value: !GetAtt W.Data}
)";

class WaitConditions : public CustomResources {
 protected:
  std::string begin() {
    EXPECT_TRUE(call("CreateStack", with_template(kWaiting, R"("StackName":"s")")).starts_with("200"));
    run();
    auto told = formats::parse_json(
        call("DescribeStackResource", R"({"StackName":"s","LogicalResourceId":"H"})").substr(4));
    return *told->find("StackResourceDetail")->find("PhysicalResourceId")->as_string();
  }
};

TEST_F(WaitConditions, WaitForSoManySignalsWithIdsOfTheirOwn) {
  const std::string url = begin();
  EXPECT_TRUE(url.starts_with("http://holm.internal:4566/cloudformation-waitcondition-")) << url;
  const std::string first = R"({"Status":"SUCCESS","UniqueId":"1","Reason":"done","Data":"one"})";
  EXPECT_EQ(put(url, first), "200");
  EXPECT_EQ(put(url, first), "200");
  EXPECT_EQ(put(url, "SUCCESS"), "InvalidRequest");
  run();
  EXPECT_EQ(status_of("s"), "CREATE_IN_PROGRESS");
  EXPECT_EQ(put(url, R"({"Status":"SUCCESS","UniqueId":"2","Data":"two"})"), "200");
  run();
  EXPECT_EQ(status_of("s"), "CREATE_COMPLETE");
  EXPECT_TRUE(contains(call("DescribeStacks", R"({"StackName":"s"})"), R"({\"1\":\"one\",\"2\":\"two\"})"));
}

TEST_F(WaitConditions, FailWithTheSignalsReason) {
  EXPECT_EQ(put(begin(), R"({"Status":"FAILURE","UniqueId":"1","Reason":"disk"})"), "200");
  run();
  EXPECT_EQ(status_of("s"), "ROLLBACK_COMPLETE");
  EXPECT_TRUE(contains(events(), "WaitCondition received failed message: 'disk' for uniqueId: 1"));
}

TEST_F(WaitConditions, FailWhenTheirTimeIsOver) {
  begin();
  place.clock.advance(std::chrono::seconds(31));
  run();
  EXPECT_TRUE(contains(events(), "WaitCondition timed out. Received 0 conditions when expecting 2"));
}

TEST(Replies, AreCheckedBeforeTheyAreBelieved) {
  const Asked asked{.stack_id = "arn:s", .logical_id = "C", .request_id = "r"};
  struct Row {
    const char* text;
    const char* problem;
  };
  const Row rows[] = {
      {R"({"Status":"SUCCESS","PhysicalResourceId":"p"})", ""},
      {R"({"Status":"SUCCESS","PhysicalResourceId":"p","StackId":"arn:s","RequestId":"r"})",
       ""},
      {R"({"Status":"SUCCESS","RequestId":"other"})", "Invalid Response object: StackId, RequestId and"},
      {R"({"Status":"DONE"})", "Invalid Response object: Value of key 'Status'"},
      {R"({"Status":"SUCCESS","Data":[]})", "Invalid Response object: Value of key 'Data'"},
      {R"({"Status":"SUCCESS","PhysicalResourceId":["p"]})", "Invalid PhysicalResourceId"},
      {"[]", "Response object is not valid JSON."},
      {"", "Response object is not valid JSON."},
  };
  for (const Row& row : rows) {
    auto reply = read_reply(row.text, asked);
    const std::string problem = reply ? "" : reply.error().message;
    EXPECT_TRUE(problem.starts_with(row.problem) && problem.empty() == !*row.problem) << row.text << problem;
  }
}

}  // namespace
}  // namespace holm::cloudformation::test
