// Templates: what is read, and what is refused, with where it stands.

#include "stacks/template.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/strings.h"
#include "stacks/fakes.h"
#include "stacks/functions.h"
#include "stacks/graph.h"
#include "stacks/parameters.h"
#include "stacks/validate.h"

namespace holm::stacks {
namespace {

TEST(Templates, SectionsAreRead) {
  auto parsed = parse_template(R"(
AWSTemplateFormatVersion: 2010-09-09
Description: d
Parameters: {P: {Type: Number, Default: 3, MinValue: 1, NoEcho: true, AllowedValues: [3, 4]}}
Mappings: {M: {a: {b: c}}}
Conditions: {C: !Equals [!Ref P, '3']}
Resources:
  A:
    Type: Test::Thing
    DependsOn: [B]
    Condition: C
    DeletionPolicy: Retain
    UpdateReplacePolicy: Delete
    Metadata: {m: 1}
    Properties: {Name: !Ref B}
  B: {Type: Test::Thing}
Outputs:
  O: {Value: !Ref B, Description: od, Condition: C, Export: {Name: !Sub '${AWS::StackName}-o'}}
)");
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_EQ(parsed->description, "d");
  EXPECT_EQ(parsed->parameters.at(0).default_value, "3");
  EXPECT_EQ(parsed->parameters.at(0).allowed_values, (std::vector<std::string>{"3", "4"}));
  EXPECT_TRUE(parsed->parameters.at(0).no_echo);
  const ResourceDeclaration& a = *parsed->find_resource("A");
  EXPECT_EQ(a.depends_on, std::vector<std::string>{"B"});
  EXPECT_EQ(a.condition, "C");
  EXPECT_EQ(a.deletion_policy, "Retain");
  EXPECT_EQ(creation_order(dependency_graph(*parsed)), (std::vector<std::string>{"B", "A"}));
  EXPECT_TRUE(parse_template(R"({"Resources": {"A": {"Type": "Test::Thing"}}})"));
  EXPECT_TRUE(parse_template("{Resources: {A: {Type: 'Test::Thing'}}}"));
}

TEST(Templates, WhatAwsTakesWithoutEffectIsTaken) {
  EXPECT_TRUE(parse_template("Resources: {A: {Type: Custom::A, Version: '1.0'}}"));
  EXPECT_TRUE(parse_template("Resources: {A: {Type: AWS::CloudFormation::CustomResource, Version: 1.0}}"));
  EXPECT_EQ(parse_template("Resources: {A: {Type: T, Version: '1.0'}}").error().message,
            "Invalid template resource property 'Version'");
  EXPECT_TRUE(parse_template("Resources: {A: {Type: T}}\n"
                             "Rules: {R: {Assertions: [{Assert: !Equals [a, a], AssetDescription: x}]}}"));
}

TEST(Templates, TheSchoolIsRead) {
  auto text = read_file("../../apps/school/template.yaml");
  ASSERT_TRUE(text) << text.error().message;
  auto parsed = parse_template(*text);
  ASSERT_TRUE(parsed) << parsed.error().describe();
  EXPECT_GT(parsed->resources.size(), 30u);
}

struct Refusal {
  const char* what;
  const char* text;
  const char* message;  // As a wildcard.
  const char* path;
  int line;
};

const Refusal kRefusals[] = {
    {"no text", "", "*not well-formed*", "", 1},
    {"a list", "[a]", "*unsupported structure*", "", 1},
    {"no resources", "Description: d", "*At least one Resources member*", "/Resources", 1},
    {"an unknown section", "Resourcez: {}",
     "Invalid template property or properties [[]Resourcez]*", "/Resourcez", 1},
    {"a transform", "Transform: AWS::Serverless-2016-10-31", "The transform AWS::Serverless-2016-10-31",
     "/Transform", 1},
    {"another version", "AWSTemplateFormatVersion: '2011-01-01'", "*unsupported value*",
     "/AWSTemplateFormatVersion", 1},
    {"a bad logical id", "Resources:\n  a-b: {Type: T}", "*non alphanumeric*", "/Resources/a-b", 2},
    {"no type", "Resources:\n  A: {}", "*must contain a Type*", "/Resources/A", 2},
    {"an unknown member", "Resources:\n  A: {Type: T, Propertys: x}", "*'Propertys'",
     "/Resources/A/Propertys", 2},
    {"an unknown policy", "Resources: {A: {Type: T, DeletionPolicy: Keep}}",
     "*DeletionPolicy Keep*", "/Resources/A/DeletionPolicy", 1},
    {"an unknown parameter type", "Parameters: {P: {Type: Strin}}\nResources: {A: {Type: T}}",
     "*Unrecognized parameter type: Strin", "/Parameters/P/Type", 1},
    {"an unknown Ref", "Resources:\n  A:\n    Type: T\n    Properties: {N: !Ref X}",
     "*Unresolved resource dependencies [[]X]*", "/Resources/A/Properties/N/Ref", 4},
    {"an unknown GetAtt", "Resources: {A: {Type: T, Properties: {N: !GetAtt X.Y}}}",
     "*undefined resource X", "/Resources/A/Properties/N/Fn::GetAtt", 1},
    {"a GetAtt without attribute", "Resources: {A: {Type: T, Properties: {N: !GetAtt X}}}",
     "*two non-empty parameters*", "/Resources/A/Properties/N/Fn::GetAtt", 1},
    {"an unknown variable", "Resources: {A: {Type: T, Properties: {N: !Sub 'x${Y}'}}}",
     "*Unresolved resource dependencies [[]Y]*", "/Resources/A/Properties/N/Fn::Sub", 1},
    {"a bad variable", "Resources: {A: {Type: T, Properties: {N: !Sub '${a b}'}}}",
     "*variable names in Fn::Sub*", "/Resources/A/Properties/N/Fn::Sub", 1},
    {"an unknown DependsOn", "Resources: {A: {Type: T, DependsOn: B}}",
     "*Unresolved resource dependencies [[]B]*", "/Resources/A/DependsOn", 1},
    {"an unknown condition", "Resources: {A: {Type: T, Condition: C}}",
     "*Unresolved condition dependency C", "/Resources/A", 1},
    {"an unknown condition in If", "Resources: {A: {Type: T, Properties: {N: !If [C, 1, 2]}}}",
     "*Unresolved condition dependency C", "/Resources/A/Properties/N/Fn::If", 1},
    {"an unknown mapping", "Resources: {A: {Type: T, Properties: {N: !FindInMap [M, a, b]}}}",
     "*Mapping named 'M'*", "/Resources/A/Properties/N/Fn::FindInMap", 1},
    {"an unknown function", "Resources: {A: {Type: T, Properties: {N: {'Fn::Foo': 1}}}}",
     "*Fn::Foo is not a function*", "/Resources/A/Properties/N/Fn::Foo", 1},
    {"a language extension", "Resources: {A: {Type: T, Properties: {N: {'Fn::Length': [1]}}}}",
     "*Fn::Length requires the transform*", "/Resources/A/Properties/N/Fn::Length", 1},
    {"wrong arguments", "Resources: {A: {Type: T, Properties: {N: !Join ['']}}}",
     "*every Fn::Join object requires a list of 2*", "/Resources/A/Properties/N/Fn::Join", 1},
    {"a function beside others", "Resources: {A: {Type: T, Properties: {N: {'Fn::Sub': x, a: b}}}}",
     "*only member*", "/Resources/A/Properties/N", 1},
    {"a condition function elsewhere", "Resources: {A: {Type: T, Properties: {N: !Equals [1, 2]}}}",
     "*outside of Conditions*", "/Resources/A/Properties/N/Fn::Equals", 1},
    {"a resource in a condition", "Conditions: {C: !Equals [!Ref A, 1]}\nResources: {A: {Type: T}}",
     "*Conditions block*", "/Conditions/C/Fn::Equals/0/Ref", 1},
    {"a value as condition", "Conditions: {C: x}\nResources: {A: {Type: T}}",
     "*boolean operations*", "/Conditions/C", 1},
    {"conditions in a circle",
     "Conditions: {C: !Not [!Condition D], D: !Not [!Condition C]}\nResources: {A: {Type: T}}",
     "Circular dependencies for condition evaluation: [[]C, D, C]", "/Conditions/C", 1},
    {"resources in a circle",
     "Resources:\n  A: {Type: T, Properties: {N: !Ref B}}\n  B: {Type: T, DependsOn: C}\n"
     "  C: {Type: T, Properties: {N: !Sub '${A.X}'}}",
     "Circular dependency between resources: [[]A, B, C, A]", "/Resources/A", 2},
    {"a resource that needs itself", "Resources: {A: {Type: T, Properties: {N: !Ref A}}}",
     "Circular dependency between resources: [[]A, A]", "/Resources/A", 1},
    {"an output without value", "Resources: {A: {Type: T}}\nOutputs: {O: {Description: x}}",
     "*must contain a Value*", "/Outputs/O", 2},
    {"a resource as output that is not there",
     "Resources: {A: {Type: T}}\nOutputs: {O: {Value: !Ref B}}", "*in the Outputs block*",
     "/Outputs/O/Value/Ref", 2},
};

TEST(Templates, WhatIsWrongIsRefusedWithItsPlace) {
  for (const Refusal& c : kRefusals) {
    SCOPED_TRACE(c.what);
    auto parsed = parse_template(c.text);
    ASSERT_FALSE(parsed);
    const std::string wildcard = replace_all(c.message, "[[]", "[");
    EXPECT_TRUE(matches_wildcard(wildcard, parsed.error().message)) << parsed.error().message;
    EXPECT_EQ(parsed.error().path, c.path);
    EXPECT_EQ(parsed.error().place.line, c.line);
  }
}

TEST(Templates, TooManyResourcesAreRefused) {
  std::string text = "Resources:\n";
  for (int i = 0; i < 500; ++i) text += "  R" + std::to_string(i) + ": {Type: T}\n";
  EXPECT_TRUE(parse_template(text));
  EXPECT_FALSE(parse_template(text + "  Last: {Type: T}\n"));
}

TEST(Validation, PropertiesAreHeldAgainstTheType) {
  struct Case {
    const char* resource;
    const char* message;
  };
  const Case kCases[] = {
      {"{Type: Test::Thing, Properties: {Name: x, Size: '3', On: 'true'}}", ""},
      {"{Type: Test::Thing, Properties: {Size: !Ref AWS::Region}}", ""},
      {"{Type: Test::Thing, Properties: {Names: !If [C, [a], !Ref AWS::NoValue]}}", ""},
      {"{Type: Test::Vault, DeletionPolicy: Snapshot}", ""},
      {"{Type: Test::None}", "Unrecognized resource types: [Test::None]"},
      {"{Type: Test::Thing, Properties: {Nam: x}}", "Encountered unsupported property Nam"},
      {"{Type: Test::Thing, Properties: {Size: x}}",
       "Value of property Size must be of type Integer"},
      {"{Type: Test::Thing, Properties: {Size: 1.5}}",
       "Value of property Size must be of type Integer"},
      {"{Type: Test::Thing, Properties: {On: 1}}", "Value of property On must be of type Boolean"},
      {"{Type: Test::Thing, Properties: {Name: [x]}}",
       "Value of property Name must be of type String"},
      {"{Type: Test::Thing, Properties: {Names: x}}",
       "Value of property Names must be of type List"},
      {"{Type: Test::Thing, Properties: {Names: !If [C, a, [b]]}}",
       "property Names must be of type List"},
      {"{Type: Test::Thing, Properties: {Tags: [{Key: x}]}}", "Property Value cannot be empty."},
      {"{Type: Test::Thing, Properties: {Tags: [{Key: x, Value: y, Z: z}]}}",
       "unsupported property Z"},
      {"{Type: Test::Thing, Properties: {Name: !GetAtt B.Foo}}",
       "does not support attribute type Foo"},
      {"{Type: Test::Thing, Properties: {Name: !Sub '${B.Outputs.X}'}}", ""},
      {"{Type: Test::Thing, DeletionPolicy: Snapshot}",
       "does not support deletion policy Snapshot"},
      {"{Type: Test::Thing, UpdatePolicy: {Rolling: {}}}", "UpdatePolicy Rolling of Test::Thing"},
      {"{Type: Test::Waiter, UpdatePolicy: {Rolling: {}}}", ""},
      {"{Type: Test::Thing, CreationPolicy: {ResourceSignal: {}}}",
       "CreationPolicy ResourceSignal"},
  };
  test::World world;
  TypeRegistry types;
  test::add_fake_types(types, world);
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.resource);
    auto parsed = parse_template("Conditions: {C: !Equals [1, 1]}\nResources:\n  A: " +
                                 std::string(c.resource) + "\n  B: {Type: Test::Thing}\n");
    ASSERT_TRUE(parsed) << parsed.error().describe();
    auto error = validate(*parsed, types);
    EXPECT_EQ(error.has_value(), *c.message != '\0');
    if (error) EXPECT_NE(error->message.find(c.message), std::string::npos) << error->message;
    if (error) EXPECT_EQ(error->place.line, 3);
  }
}

class NoLookups final : public Lookups {
 public:
  Result<std::string> import_value(std::string_view) override { return failure("no export"); }
  Result<std::string> dynamic_reference(const DynamicReference&) override { return failure("no"); }
  Result<std::string> ssm_parameter(std::string_view name) override {
    if (name == "/there") return "a,b";
    return failure("no parameter " + std::string(name));
  }
  std::vector<std::string> availability_zones(std::string_view) override { return {}; }
  std::optional<std::vector<NamedResource>> resources_of_type(std::string_view) override {
    return std::nullopt;
  }
};

TEST(Parameters, ConstraintsAreKept) {
  struct Case {
    const char* declaration;
    const char* given;  // Null: nothing.
    const char* message;
  };
  const Case kCases[] = {
      {"Type: String", "x", ""},
      {"Type: String", nullptr, "Parameters: [P] must have values"},
      {"Type: String, Default: ''", nullptr, ""},
      {"Type: Number", "1.5", ""},
      {"Type: Number", "x", "must be a number"},
      {"Type: Number, MinValue: 2", "1", "not less than 2"},
      {"Type: Number, MaxValue: 2", "3", "not greater than 2"},
      {"Type: String, MinLength: 2", "x", "at least 2 characters"},
      {"Type: String, MaxLength: 2", "xxx", "at most 2 characters"},
      {"Type: String, AllowedValues: [a, b]", "c", "must be one of AllowedValues"},
      {"Type: String, AllowedPattern: '[a-z]+'", "abc", ""},
      {"Type: String, AllowedPattern: '[a-z]+'", "abc1", "must match pattern [a-z]+"},
      {"Type: String, AllowedPattern: '(?=.*[0-9]).*'", "abc1", ""},
      {"Type: String, AllowedPattern: '(a+)+$'", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "P"},
      {"Type: String, AllowedPattern: '('", "x", "AllowedPattern that fails"},
      {"Type: String, AllowedPattern: x, ConstraintDescription: be x", "y",
       "Parameter P failed to satisfy constraint: be x"},
      {"Type: List<Number>", "1, 2", ""},
      {"Type: List<Number>", "1,x", "must be a number"},
      {"Type: CommaDelimitedList, AllowedValues: [a, b]", "a,b", ""},
      {"Type: CommaDelimitedList, AllowedValues: [a, b]", "a,c", "AllowedValues"},
      {"Type: 'AWS::SSM::Parameter::Value<String>'", "/there", ""},
      {"Type: 'AWS::SSM::Parameter::Value<String>'", "/gone", "no parameter /gone"},
      {"Type: AWS::EC2::VPC::Id", "vpc-1", ""},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.declaration);
    auto parsed = parse_template("Parameters: {P: {" + std::string(c.declaration) +
                                 "}}\nResources: {A: {Type: T}}");
    ASSERT_TRUE(parsed) << parsed.error().describe();
    std::vector<GivenParameter> given;
    if (c.given) given.push_back({"P", c.given});
    NoLookups lookups;
    auto values = resolve_parameters(*parsed, given, {}, lookups);
    EXPECT_EQ(values.has_value(), *c.message == '\0') << (values ? "" : values.error().message);
    if (!values) {
      EXPECT_NE(values.error().message.find(c.message), std::string::npos)
          << values.error().message;
    }
  }
}

TEST(Parameters, PreviousValuesAreTakenAndSecretsMasked) {
  auto parsed = parse_template(
      "Parameters: {P: {Type: String, Default: d, NoEcho: true}, Q: {Type: String, Default: q}}\n"
      "Resources: {A: {Type: T}}");
  NoLookups lookups;
  auto values = resolve_parameters(*parsed, {{"P", "", true}}, {{"P", "old", {}}}, lookups);
  ASSERT_TRUE(values);
  EXPECT_EQ(values->at(0).value, "old");
  EXPECT_EQ(values->at(1).value, "q");
  EXPECT_EQ(without_secrets(*parsed, *values).at(0).value, "****");
  EXPECT_FALSE(resolve_parameters(*parsed, {{"X", "1"}}, {}, lookups));
}

}  // namespace
}  // namespace holm::stacks
