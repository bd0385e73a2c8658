// Rules: what they may be made of, and when they are broken.

#include "stacks/rules.h"

#include <gtest/gtest.h>

#include <fnmatch.h>

#include "stacks/state.h"

namespace holm::stacks {
namespace {

class FakeLookups final : public Lookups {
 public:
  Result<std::string> import_value(std::string_view) override { return failure("unused"); }
  Result<std::string> dynamic_reference(const DynamicReference&) override { return failure("unused"); }
  Result<std::string> ssm_parameter(std::string_view) override { return failure("unused"); }
  std::vector<std::string> availability_zones(std::string_view) override { return {}; }
  std::optional<std::vector<NamedResource>> resources_of_type(std::string_view type) override {
    if (type == "AWS::EC2::VPC::Id") {
      return {{{"vpc-1", {{"Tags.Team", "blue"}}}, {"vpc-2", {}}}};
    }
    if (type != "AWS::EC2::Subnet::Id") return std::nullopt;
    return {{{"subnet-1", {{"VpcId", "vpc-1"}, {"Tags.Team", "blue"}}},
             {"subnet-2", {{"VpcId", "vpc-1"}}},
             {"subnet-3", {{"VpcId", "vpc-2"}}}}};
  }
};

std::optional<TemplateError> broken(const std::string& rules) {
  const std::string text = R"(
Parameters:
  Size: {Type: String}
  Sizes: {Type: CommaDelimitedList}
  Vpc: {Type: AWS::EC2::VPC::Id}
  Subnets: {Type: 'List<AWS::EC2::Subnet::Id>'}
  Image: {Type: AWS::EC2::Image::Id}
Resources: {R: {Type: T}}
Rules:
)" + rules;
  auto declared = parse_template(text);
  if (!declared) return declared.error();
  FakeLookups lookups;
  const Scope scope{.declared = *declared,
                    .pseudo = {.region = "eu-test-1"},
                    .parameters = {{"Size", "small"},
                                   {"Sizes", formats::Array{"small", "large"}},
                                   {"Vpc", "vpc-1"},
                                   {"Subnets", formats::Array{"subnet-1", "subnet-2"}},
                                   {"Image", "ami-1"}},
                    .lookups = &lookups};
  return broken_rule(scope);
}

TEST(Rules, HoldOrAreBroken) {
  struct Case {
    const char* assertion;
    bool holds;
  };
  const Case cases[] = {
      {"!Equals [!Ref Size, small]", true},
      {"!Equals [!Ref Size, large]", false},
      {"!Equals [!Ref 'AWS::Region', eu-test-1]", true},
      {"!Equals [80, '80']", true},
      {"!Not [!Contains [['1', '2'], !Ref Size]]", true},
      {"!Contains [!Ref Sizes, !Ref Size]", true},
      {"!Contains [[medium], !Ref Size]", false},
      {"!EachMemberEquals [!Ref Sizes, small]", false},
      {"!EachMemberEquals [[small, !Ref Size], small]", true},
      {"!EachMemberIn [!Ref Sizes, [small, medium, large]]", true},
      {"!EachMemberIn [!Ref Sizes, [small]]", false},
      {"!And [!Equals [a, a], !Equals [a, b]]", false},
      {"!Or [!Equals [a, a], !Equals [a, b]]", true},
      {"!EachMemberEquals [!ValueOf [Subnets, VpcId], !Ref Vpc]", true},
      {"!EachMemberIn [!ValueOf [Subnets, VpcId], !RefAll 'AWS::EC2::VPC::Id']", true},
      {"!EachMemberEquals [!ValueOf [Subnets, Tags.Team], blue]", false},
      {"!Equals [!ValueOf [Vpc, Tags.Team], blue]", true},
      {"!Contains [!ValueOfAll ['AWS::EC2::VPC::Id', Tags.Team], blue]", true},
      {"!Contains [!RefAll 'AWS::EC2::VPC::Id', vpc-3]", false},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.assertion);
    auto error = broken("  R: {Assertions: [{Assert: " + std::string(each.assertion) +
                        ", AssertDescription: so it is}]}");
    EXPECT_EQ(!error, each.holds);
    if (!error) continue;
    EXPECT_EQ(error->message, "Template validation error: Rule 'R' is violated by the parameter values:"
                              " so it is");
    EXPECT_EQ(error->path, "/Rules/R/Assertions/0");
    EXPECT_EQ(error->place.line, 10);
  }
}

TEST(Rules, AConditionDecidesWhetherTheyCount) {
  const std::string assertions = ", Assertions: [{Assert: !Equals [a, b]}]}";
  EXPECT_FALSE(broken("  R: {RuleCondition: !Equals [!Ref Size, large]" + assertions));
  EXPECT_TRUE(broken("  R: {RuleCondition: !Equals [!Ref Size, small]" + assertions));
}

TEST(Rules, SayWhatIsWrongWithThem) {
  struct Case {
    const char* rule;
    const char* message;
    bool is_unbuilt;
  };
  const Case cases[] = {
      {"[]", "*must contain a list of Assertions.", false},
      {"{Assertions: x}", "*must contain a list of Assertions.", false},
      {"{Assertions: [x]}", "*must have an Assert*", false},
      {"{Assertions: [{AssertDescription: x}]}", "*must have an Assert*", false},
      {"{Assertions: [{Assert: !Equals [a, a], AssertDescription: [x]}]}", "*must have an Assert*", false},
      {"{Assertions: [], Other: x}", "*rule property 'Other'", false},
      {"{Assertions: [{Assert: 'true'}]}", "*rules are made of*", false},
      {"{Assertions: [{Assert: !Equals [a]}]}", "*Fn::Equals has a wrong number*", false},
      {"{Assertions: [{Assert: !Not [!Ref Size]}]}", "*rules are made of*", false},
      {"{Assertions: [{Assert: !Equals [!Ref R, a]}]}", "*Unresolved dependencies [[]R]*", false},
      {"{Assertions: [{Assert: !Equals [!Sub x, a]}]}", "*cannot stand in a rule*", false},
      {"{Assertions: [{Assert: !Equals [!ValueOf [Nobody, VpcId], a]}]}", "*[[]Nobody]*", false},
      {"{Assertions: [{Assert: !Equals [!ValueOf [Vpc, Colour], a]}]}", "*no attribute Colour*", false},
      {"{Assertions: [{Assert: !Contains [[a], !Ref Sizes]}]}", "*a string is required*", false},
      {"{Assertions: [{Assert: !Equals [!ValueOf [Image, Tags.A], a]}]}",
       "A rule about parameters of type AWS::EC2::Image::Id", true},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.rule);
    auto error = broken("  R: " + std::string(each.rule));
    ASSERT_TRUE(error);
    EXPECT_EQ(::fnmatch(each.message, error->message.c_str(), 0), 0) << error->message;
    EXPECT_EQ(error->is_unbuilt, each.is_unbuilt);
  }
}

TEST(Rules, AParameterThatNamesNothingIsToldSo) {
  auto declared = parse_template(
      "Parameters: {V: {Type: AWS::EC2::VPC::Id}}\nResources: {R: {Type: T}}\n"
      "Rules: {R: {Assertions: [{Assert: !Equals [!ValueOf [V, Tags.A], x]}]}}");
  ASSERT_TRUE(declared);
  FakeLookups lookups;
  const Scope scope{.declared = *declared, .pseudo = {}, .parameters = {{"V", "vpc-9"}}, .lookups = &lookups};
  auto error = broken_rule(scope);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message,
            "Parameter validation failed: parameter value vpc-9 for parameter name V does not exist");
}

}  // namespace
}  // namespace holm::stacks
