// Every intrinsic function: what it gives, and how it fails.

#include "stacks/functions.h"

#include <gtest/gtest.h>

#include "formats/json.h"
#include "formats/yaml.h"

namespace holm::stacks {
namespace {

class FakeLookups final : public Lookups {
 public:
  Result<std::string> import_value(std::string_view name) override {
    if (name == "net-vpc") return "vpc-1";
    return failure("No export named " + std::string(name) + " found.");
  }
  Result<std::string> dynamic_reference(const DynamicReference& reference) override {
    if (reference.key == "gone") return failure("no such parameter");
    return "<" + reference.service + "|" + reference.key + ">";
  }
  Result<std::string> ssm_parameter(std::string_view) override { return failure("unused"); }
  std::vector<std::string> availability_zones(std::string_view region) override {
    if (region == "mars") return {};
    return {std::string(region) + "a", std::string(region) + "b"};
  }
  std::optional<std::vector<NamedResource>> resources_of_type(std::string_view) override {
    return std::nullopt;
  }
};

constexpr const char* kTemplate = R"(
Parameters: {P: {Type: String}, L: {Type: CommaDelimitedList}, S: {Type: String, NoEcho: true}}
Mappings: {M: {a: {text: x, list: [1, 2]}, eu-test-1: {text: here}}}
Conditions:
  Yes: !Equals [!Ref P, p]
  No: !Not [!Condition Yes]
  Both: !And [!Condition Yes, !Condition No]
  Either: !Or [!Condition Both, !Equals [1, '1']]
  Listed: !Equals [!Ref L, !Split [',', 'a,b']]
  Mapped: !Equals [!FindInMap [M, a, text], x]
  Region: !Equals [!Select [0, !Split ['-', !Ref AWS::Region]], eu]
Resources: {R: {Type: T}, Q: {Type: T}}
)";

class Functions : public testing::Test {
 protected:
  Functions() : declared_(*parse_template(kTemplate)), scope_{.declared = declared_} {
    scope_.pseudo = {.account_id = "111122223333",
                     .region = "eu-test-1",
                     .stack_id = "arn:stack",
                     .stack_name = "s",
                     .notification_arns = {"arn:1", "arn:2"}};
    scope_.parameters["P"] = "p";
    scope_.parameters["S"] = "secret";
    scope_.parameters["L"] = formats::Array{"a", "b"};
    formats::Object attributes;
    attributes.set("Arn", "arn:r");
    attributes.set("Endpoint.Port", 80);
    attributes.set("List", formats::Array{"x"});
    scope_.resources["R"] = {"r-1", attributes};
    scope_.lookups = &lookups_;
    EXPECT_TRUE(evaluate_conditions(scope_));
  }

  // The value as JSON, "nothing", or "error: …".
  std::string result(const char* yaml) {
    auto value = formats::parse_yaml(yaml);
    if (!value) return value.error().describe();
    auto evaluated = evaluate(scope_, *value, "");
    if (!evaluated) return "error: " + evaluated.error().message;
    return *evaluated ? formats::write_json(**evaluated) : "nothing";
  }

  FakeLookups lookups_;
  Template declared_;
  Scope scope_;
};

TEST_F(Functions, ConditionsAreEvaluated) {
  const std::map<std::string, bool> expected = {
      {"Yes", true},    {"No", false},    {"Both", false}, {"Either", true},
      {"Listed", true}, {"Mapped", true}, {"Region", true}};
  EXPECT_EQ(scope_.conditions, expected);
}

struct Case {
  const char* yaml;
  const char* json;
};
const Case kCases[] = {
    {"plain", R"("plain")"},
    {"{a: [1, true, null]}", R"({"a":[1,true,null]})"},
    {"{Condition: {StringEquals: {a: b}}}", R"({"Condition":{"StringEquals":{"a":"b"}}})"},
    {"!Ref P", R"("p")"},
    {"!Ref L", R"(["a","b"])"},
    {"!Ref R", R"("r-1")"},
    {"!Ref AWS::AccountId", R"("111122223333")"},
    {"!Ref AWS::Region", R"("eu-test-1")"},
    {"!Ref AWS::StackId", R"("arn:stack")"},
    {"!Ref AWS::StackName", R"("s")"},
    {"!Ref AWS::Partition", R"("aws")"},
    {"!Ref AWS::URLSuffix", R"("amazonaws.com")"},
    {"!Ref AWS::NotificationARNs", R"(["arn:1","arn:2"])"},
    {"!Ref AWS::NoValue", "nothing"},
    {"{a: !Ref AWS::NoValue, b: [!Ref AWS::NoValue, 1]}", R"({"b":[1]})"},
    {"!GetAtt R.Arn", R"("arn:r")"},
    {"!GetAtt R.Endpoint.Port", "80"},
    {"!GetAtt [R, !Sub 'A${X}n']", "error: Template error: Unresolved resource dependencies [X]"},
    {"{'Fn::GetAtt': [R, {'Fn::Join': ['', [A, rn]]}]}", R"("arn:r")"},
    {"!Sub 'a-${P}-${R}-${R.Arn}-${R.Endpoint.Port}-${AWS::Region}'",
     R"("a-p-r-1-arn:r-80-eu-test-1")"},
    {"!Sub ['${x}${P}', {x: !Ref R}]", R"("r-1p")"},
    {"!Sub '$ ${!P} $${P} ${'", R"("$ ${P} $p ${")"},
    {"!Sub ''", R"("")"},
    {"!Sub '${L}'", "error: Template error: the value of ${L} in Fn::Sub is not a string."},
    {"!Join ['-', [a, 1, !Ref P]]", R"("a-1-p")"},
    {"!Join [',', !Ref L]", R"("a,b")"},
    {"!Join ['', []]", R"("")"},
    {"!Join ['', [[a]]]",
     "error: Template error: every Fn::Join object requires two parameters, (1) a string "
     "delimiter and (2) a list of strings to be joined"},
    {"!Split ['--', 'a--b----c']", R"(["a","b","","c"])"},
    {"!Split [',', '']", R"([""])"},
    {"!Split ['', a]", "error: Template error: the delimiter of Fn::Split may not be empty."},
    {"!Select [1, [a, b]]", R"("b")"},
    {"!Select ['1', !Ref L]", R"("b")"},
    {"!Select [2, [a, b]]",
     "error: Template error: Fn::Select cannot select nonexistent value at index 2"},
    {"!Select [-1, [a]]",
     "error: Template error: Fn::Select cannot select nonexistent value at index -1"},
    {"!If [Yes, 1, !Ref Nowhere]", "1"},
    {"!If [No, 1, {a: !Ref P}]", R"({"a":"p"})"},
    {"[!If [No, 1, !Ref AWS::NoValue]]", "[]"},
    {"!FindInMap [M, a, text]", R"("x")"},
    {"!FindInMap [M, !Ref AWS::Region, text]", R"("here")"},
    {"!FindInMap [M, a, list]", "[1,2]"},
    {"!FindInMap [M, b, text]", "error: Template error: Unable to get mapping for M::b::text"},
    {"!Base64 hi!", R"("aGkh")"},
    {"{'Fn::Base64': !Sub '${P}'}", R"("cA==")"},
    {"!GetAZs ''", R"(["eu-test-1a","eu-test-1b"])"},
    {"!GetAZs us-east-1", R"(["us-east-1a","us-east-1b"])"},
    {"!GetAZs mars", "error: Template error: there is no region mars."},
    {"!ImportValue net-vpc", R"("vpc-1")"},
    {"!ImportValue {'Fn::Sub': 'net-vpc'}", R"("vpc-1")"},
    {"!ImportValue x", "error: No export named x found."},
    {"!Cidr [10.0.0.0/16, 3, 8]", R"(["10.0.0.0/24","10.0.1.0/24","10.0.2.0/24"])"},
    {"!Cidr [10.0.5.7/16, '2', '12']", R"(["10.0.0.0/20","10.0.16.0/20"])"},
    {"!Cidr [10.0.0.0/24, 2]",
     "error: Template error: Fn::Cidr: the block has no room for 2 "
     "subnets."},
    {"!Cidr [10.0.254.0/23, 2, 8]", R"(["10.0.254.0/24","10.0.255.0/24"])"},
    {"!Cidr ['2001:db8::/56', 2, 64]", R"(["2001:db8::/64","2001:db8:0:1::/64"])"},
    {"!Cidr [10.0.0.0, 1, 8]",
     "error: Template error: Fn::Cidr requires a CIDR block, a count from 1 to 256 and a number "
     "of bits that fit into it."},
    {"'{{resolve:ssm:a:1}}'", R"("<ssm|a:1>")"},
    {"'x{{resolve:ssm-secure:a}}y{{resolve:secretsmanager:s:SecretString:k}}z'",
     R"("x<ssm-secure|a>y<secretsmanager|s:SecretString:k>z")"},
    {"!Sub '{{resolve:ssm:${P}}}'", R"("<ssm|p>")"},
    {"'{{resolve:ssm:gone}}'", "error: no such parameter"},
    {"'{{resolve:vault:x}}'",
     "error: Template error: dynamic references to vault are not supported."},
    {"'{{resolve:ssm:open'", R"("{{resolve:ssm:open")"},
};

TEST_F(Functions, GiveWhatAwsSays) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.yaml);
    EXPECT_EQ(result(c.yaml), c.json);
  }
}

TEST_F(Functions, AResourceThatIsNotThereYetIsAnError) {
  EXPECT_EQ(result("!Ref Q"), "error: Template error: Unresolved resource dependencies [Q]");
  EXPECT_EQ(result("!GetAtt Q.A"), "error: Template error: Unresolved resource dependencies [Q]");
  EXPECT_EQ(result("!GetAtt R.B"), "error: Template error: resource R has no attribute B.");
}

TEST_F(Functions, SecretsAreMaskedWhenAskedFor) {
  scope_.secrets = Secrets::Mask;
  EXPECT_EQ(result("[!Ref S, !Sub 'a${S}', !Join ['', [!Ref S]], '{{resolve:ssm:x}}', !Ref P]"),
            R"(["****","a****","****","{{resolve:ssm:x}}","p"])");
}

TEST_F(Functions, WithoutLookupsWhatLiesOutsideIsAnError) {
  scope_.lookups = nullptr;
  for (const char* yaml : {"!GetAZs ''", "!ImportValue x", "'{{resolve:ssm:x}}'"}) {
    EXPECT_EQ(result(yaml), "error: Template error: this cannot be known here.") << yaml;
  }
}

TEST_F(Functions, OfLanguageExtensions) {
  EXPECT_EQ(result("{'Fn::Length': !Ref L}"), "2");
  EXPECT_EQ(result("{'Fn::Length': [a, !Ref AWS::NoValue]}"), "1");
  EXPECT_EQ(result("{'Fn::Length': x}"), "error: Template error: a list is required here.");
  EXPECT_EQ(result("{'Fn::ToJsonString': {a: !Ref P, b: [!GetAtt R.Arn, !Ref AWS::NoValue]}}"),
            R"("{\"a\":\"p\",\"b\":[\"arn:r\"]}")");
  EXPECT_EQ(result("{'Fn::ToJsonString': x}"),
            "error: Template error: Fn::ToJsonString requires an object or a list.");
  EXPECT_EQ(result("!FindInMap [M, none, text, {DefaultValue: !Ref P}]"), R"("p")");
  EXPECT_EQ(result("!FindInMap [M, a, text, {DefaultValue: !Ref P}]"), R"("x")");
}

}  // namespace
}  // namespace holm::stacks
