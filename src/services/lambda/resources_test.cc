// The CloudFormation types: a function, who may invoke it, and its log group, made and removed.

#include "services/lambda/resources.h"

#include "formats/json.h"
#include "services/lambda/test_place.h"
#include "services/logs/resources.h"

namespace holm::lambda {

namespace {

constexpr char kFunction[] = R"({"Runtime":"python3.11","Handler":"index.handler",
  "Role":"arn:aws:iam::123456789012:role/runner","Timeout":5,
  "Code":{"ZipFile":"def handler(event, context):\n    return 'made'\n"},
  "Environment":{"Variables":{"A":"1"}},"Tags":[{"Key":"own","Value":"tag"}]})";

class LambdaResourcesTest : public LambdaTest {
 protected:
  using Action = std::function<void(stacks::Context&, const stacks::ResourceType&)>;

  void act(const std::string& type, const Action& action) {
    ResourceTypes all = resource_types();
    for (auto& each : logs::resource_types()) all.push_back(std::move(each));
    for (const auto& each : all) {
      if (each->name() != type) continue;
      region.transact(caller(), sql::Access::Write, [&](aws::Call& inner) {
        stacks::Context context{.call = inner,
                                .stack_id = "id",
                                .stack_name = "stack",
                                .logical_id = "Thing",
                                .type = type,
                                .name_suffix = "ABCDEFGHIJKL"};
        action(context, *each);
      });
      return;
    }
    FAIL() << "no type " << type;
  }

  stacks::Created make(const std::string& type, const formats::Value& properties) {
    stacks::Created made;
    act(type, [&](auto& context, auto& it) { made = it.create(context, stacks::Properties(properties)); });
    return made;
  }

  void remove(const std::string& type, const stacks::Created& made, const formats::Value& properties) {
    act(type, [&](auto& context, auto& it) {
      it.remove(context, {made.physical_id, made.attributes, stacks::Properties(properties)},
                stacks::Removal::Delete);
    });
  }

  stacks::Progress check(const std::string& type, const stacks::Created& made,
                         const formats::Value& properties) {
    stacks::Progress progress;
    act(type, [&](auto& context, auto& it) {
      progress = it.check(context, {made.physical_id, made.attributes, stacks::Properties(properties)});
    });
    return progress;
  }
};

TEST_F(LambdaResourcesTest, AFunctionIsMadeChangedAndRemoved) {
  const formats::Value properties = formats::parse_json(kFunction).value();
  const std::string type = "AWS::Lambda::Function";
  const stacks::Created made = make(type, properties);
  EXPECT_EQ(made.physical_id, "stack-Thing-ABCDEFGHIJKL");
  EXPECT_EQ(*made.attributes.find("Arn")->as_string(),
            "arn:aws:lambda:eu-west-1:123456789012:function:stack-Thing-ABCDEFGHIJKL");
  EXPECT_EQ(check(type, made, properties).state, stacks::Progress::State::InProgress);
  jobs->run_due();
  EXPECT_EQ(check(type, made, properties).state, stacks::Progress::State::Ready);
  EXPECT_EQ(invoke_function(made.physical_id, "{}").payload, "\"made\"");

  formats::Value changed = properties;
  changed.as_object()->find("Code")->as_object()->set("ZipFile",
                                                      "def handler(e, c):\n    return 'changed'\n");
  act(type, [&](auto& context, auto& it) {
    it.update(context, {made.physical_id, made.attributes, stacks::Properties(properties)},
              stacks::Properties(changed));
  });
  jobs->run_due();
  EXPECT_EQ(check(type, made, changed).state, stacks::Progress::State::Ready);
  EXPECT_EQ(invoke_function(made.physical_id, "{}").payload, "\"changed\"");
  remove(type, made, changed);
  EXPECT_EQ(error_of<GetFunction>({.function_name = made.physical_id}).substr(0, 3), "404");
  remove(type, made, changed);
}

TEST_F(LambdaResourcesTest, APermissionIsAddedAndTakenAway) {
  create("f", "def handler(e, c):\n    return 1\n");
  const formats::Value properties =
      formats::parse_json(R"({"FunctionName":"f","Action":"lambda:InvokeFunction",
                              "Principal":"s3.amazonaws.com","SourceAccount":"123456789012"})")
          .value();
  const stacks::Created made = make("AWS::Lambda::Permission", properties);
  EXPECT_NE(call<GetPolicy>({.function_name = "f"}).policy->find("AWS:SourceAccount"), std::string::npos);
  remove("AWS::Lambda::Permission", made, properties);
  EXPECT_EQ(error_of<GetPolicy>({.function_name = "f"}).substr(0, 3), "404");
  call<DeleteFunction>({.function_name = "f"});
  remove("AWS::Lambda::Permission", made, properties);
}

TEST_F(LambdaResourcesTest, ALogGroupKeepsItsEventsAsLongAsItSays) {
  const formats::Value properties =
      formats::parse_json(R"({"LogGroupName":"/aws/lambda/f","RetentionInDays":30})").value();
  const stacks::Created made = make("AWS::Logs::LogGroup", properties);
  EXPECT_EQ(made.physical_id, "/aws/lambda/f");
  auto found = call<logs::DescribeLogGroups>({.log_group_name_prefix = "/aws/lambda/f"});
  EXPECT_EQ(found.log_groups.at(0).retention_in_days, 30);
  EXPECT_EQ(*made.attributes.find("Arn")->as_string(), *found.log_groups.at(0).arn);
  remove("AWS::Logs::LogGroup", made, properties);
  EXPECT_TRUE(call<logs::DescribeLogGroups>({}).log_groups.empty());
  remove("AWS::Logs::LogGroup", made, properties);
}

}  // namespace

}  // namespace holm::lambda
