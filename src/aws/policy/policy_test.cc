// Documents: what is read, what is refused and how, where they may be attached.

#include "aws/policy/policy.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace holm::aws::policy {
namespace {

struct Row {
  const char* what;
  std::string text;
  const char* message;  // Empty: it is read.
};

std::string statement(std::string_view elements) {
  return fmt::format(R"({{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{}}}}})", elements);
}

const std::string kAction = R"("Action":"s3:Get*")";

std::vector<Row> documents() {
  constexpr const char* kVendor =
      "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
  return {
      {"one statement", statement(kAction), ""},
      {"a list of statements", R"({"Statement":[{"Effect":"Deny","NotAction":["*"]}]})", ""},
      {"the old version",
       R"({"Version":"2008-10-17","Id":"x","Statement":[{"Effect":"Deny","Action":"a:b"}]})", ""},
      {"numbers and booleans",
       statement(kAction + R"(,"Condition":{"Bool":{"aws:SecureTransport":false},
       "NumericLessThan":{"s3:max-keys":10}})"),
       ""},
      {"every kind of principal", statement(kAction + R"(,"Principal":{"AWS":["123456789012","*",
       "arn:aws:iam::123456789012:root","arn:aws:iam::123456789012:user/a/b","arn:aws:iam::123456789012:role/r",
       "arn:aws:sts::123456789012:assumed-role/r/s","AIDACKCEVSQ6C2EXAMPLE"],"Service":"sns.amazonaws.com",
       "Federated":"cognito-identity.amazonaws.com","CanonicalUser":"79a59df900b949e55d96a1e698fbaced"})"),
       ""},
      {"no JSON", "{", "This policy contains invalid Json"},
      {"a name twice", R"({"Version":"2012-10-17","Version":"2012-10-17"})",
       "This policy contains invalid Json"},
      {"deep nesting", std::string(40, '[') + std::string(40, ']'),
       "This policy contains invalid Json"},
      {"too long", std::string(kMaxDocumentBytes + 1, ' '), "Cannot exceed quota for PolicySize"},
      {"a list", "[]", "Syntax errors in policy. The document must be an object."},
      {"no statement", R"({"Version":"2012-10-17"})",
       "Syntax errors in policy. Missing required field Statement."},
      {"empty statement", R"({"Statement":[]})", "Syntax errors in policy. Statement is empty."},
      {"a text", R"({"Statement":"x"})", "Syntax errors in policy. A statement must be an object."},
      {"another version", R"({"Version":"2020-01-01","Statement":[]})",
       "Syntax errors in policy. Version must be 2012-10-17 or 2008-10-17."},
      {"unknown element", R"({"Statment":[]})",
       "Syntax errors in policy. Unknown element Statment."},
      {"lower case", statement(R"("action":"s3:*")"),
       "Syntax errors in policy. Unknown element action."},
      {"no effect", R"({"Statement":{"Action":"s3:*"}})", "Missing required field Effect"},
      {"wrong effect", R"({"Statement":{"Effect":"allow"}})",
       "Syntax errors in policy. Effect must be Allow or Deny."},
      {"both", statement(kAction + R"(,"NotAction":"a:b")"),
       "Syntax errors in policy. Action and NotAction exclude each other."},
      {"both", statement(kAction + R"(,"NotResource":"*","Resource":"*")"),
       "Syntax errors in policy. Resource and NotResource exclude each other."},
      {"both", statement(kAction + R"(,"Principal":"*","NotPrincipal":"*")"),
       "Syntax errors in policy. Principal and NotPrincipal exclude each other."},
      {"no actions", statement(R"("Action":[])"), "Policy statement must contain actions."},
      {"a number", statement(R"("Action":[1])"),
       "Syntax errors in policy. Action must hold strings."},
      {"no vendor", statement(R"("Action":"GetObject")"), kVendor},
      {"no name", statement(R"("Action":"s3:")"), kVendor},
      {"two colons", statement(R"("Action":"s3:a:b")"), kVendor},
      {"no resources", statement(kAction + R"(,"Resource":[])"),
       "Policy statement must contain resources."},
      {"open variable", statement(kAction + R"(,"Resource":"arn:aws:s3:::${aws:username")"),
       "Syntax errors in policy. Resource arn:aws:s3:::${aws:username holds a malformed variable."},
  };
}

std::vector<Row> principals_and_conditions() {
  constexpr const char* kVendor =
      "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
  return {
      {"principal", statement(kAction + R"(,"Principal":"123456789012")"),
       "Invalid principal in policy: \"123456789012\""},
      {"principal", statement(kAction + R"(,"Principal":{"AWS":"ann"})"),
       "Invalid principal in policy: \"AWS\":\"ann\""},
      {"wildcard in a principal",
       statement(kAction + R"(,"Principal":{"AWS":"arn:aws:iam::123456789012:user/*"})"),
       "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:user/*\""},
      {"every service", statement(kAction + R"(,"Principal":{"Service":"*"})"),
       "Invalid principal in policy: \"Service\":\"*\""},
      {"unknown type", statement(kAction + R"(,"Principal":{"User":"a"})"),
       "Invalid principal in policy: \"User\":\"a\""},
      {"unknown operator", statement(kAction + R"(,"Condition":{"StringIs":{"a:b":"c"}})"),
       "Syntax errors in policy. Invalid Condition type : StringIs."},
      {"key without a vendor", statement(kAction + R"(,"Condition":{"StringEquals":{"b":"c"}})"),
       kVendor},
      {"no values", statement(kAction + R"(,"Condition":{"StringEquals":{"a:b":[]}})"),
       "Syntax errors in policy. StringEquals of a:b has no values."},
      {"wrong value",
       statement(kAction + R"(,"Condition":{"IpAddress":{"aws:SourceIp":"300.0.0.0"}})"),
       "Syntax errors in policy. Invalid value for IpAddress of aws:SourceIp."},
      {"an object as value", statement(kAction + R"(,"Condition":{"Bool":{"a:b":{}}})"),
       "Syntax errors in policy. Invalid value for Bool of a:b."},
  };
}

TEST(Parse, ReadsDocumentsAndSaysWhatIsWrongWithOthers) {
  for (const auto& rows : {documents(), principals_and_conditions()}) {
    for (const Row& row : rows) {
      const auto policy = parse(row.text);
      EXPECT_EQ(policy ? "" : policy.error().message, row.message) << row.what << ": " << row.text;
    }
  }
}

TEST(Parse, SaysWhere) {
  const auto policy =
      parse("{\"Statement\": [\n  {\"Effect\": \"Allow\",\n   \"Action\": \"x\"}]}");
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().place.line, 3);
}

TEST(Validate, ChecksWhatThePlaceOfAPolicyAsks) {
  const struct {
    PolicyKind kind;
    std::string elements;
    const char* message;
  } rows[] = {
      {PolicyKind::Identity, kAction + R"(,"Resource":"*")", ""},
      {PolicyKind::Identity, kAction + R"(,"Resource":["arn:aws:s3:::b","arn:aws:s3*"],"Sid":"A1")",
       ""},
      {PolicyKind::Identity, kAction, "Policy statement must contain resources."},
      {PolicyKind::Identity, R"("Resource":"*")", "Policy statement must contain actions."},
      {PolicyKind::Identity, kAction + R"(,"Resource":"*","Principal":"*")",
       "Policy document should not specify a principal."},
      {PolicyKind::Identity, kAction + R"(,"Resource":"bucket")",
       "Resource bucket must be in ARN format or \"*\"."},
      {PolicyKind::Identity, kAction + R"(,"Resource":"arn:aws:s3")",
       "Resource arn:aws:s3 must be in ARN format or \"*\"."},
      {PolicyKind::Identity, kAction + R"(,"Resource":"*","Sid":"A 1")",
       "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
       "expression "
       "[0-9A-Za-z]*"},
      {PolicyKind::Resource, kAction + R"(,"Principal":"*","Sid":"A 1")", ""},
      {PolicyKind::Resource, kAction + R"(,"NotPrincipal":{"AWS":"123456789012"},"Resource":"*")",
       ""},
      {PolicyKind::Resource, kAction + R"(,"Resource":"*")", "Missing required field Principal"},
      {PolicyKind::Resource, R"("Principal":"*")", "Missing required field Action"},
      {PolicyKind::Trust,
       R"("Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"})", ""},
      {PolicyKind::Trust, R"("Action":["sts:TagSession","sts:AssumeRole"],"Principal":{"AWS":"*"})",
       ""},
      {PolicyKind::Trust, R"("Action":"sts:AssumeRole")", "Missing required field Principal"},
      {PolicyKind::Trust, R"("Action":"sts:AssumeRole","Principal":"*","Resource":"*")",
       "Has prohibited field Resource"},
      {PolicyKind::Trust, R"("Action":"sts:AssumeRole","NotPrincipal":"*")",
       "Has prohibited field NotPrincipal"},
      {PolicyKind::Trust, R"("Action":"s3:GetObject","Principal":"*")",
       "AssumeRole policy may only specify STS AssumeRole actions."},
  };
  for (const auto& row : rows) {
    const auto policy = parse(statement(row.elements));
    ASSERT_TRUE(policy) << row.elements;
    const auto valid = validate(*policy, row.kind);
    EXPECT_EQ(valid ? "" : valid.error().message, row.message) << row.elements;
  }
}

TEST(Validate, StatementsHaveNamesOfTheirOwn) {
  const auto policy =
      parse(R"({"Statement":[{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},
                                             {"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}]})");
  ASSERT_TRUE(policy);
  EXPECT_EQ(validate(*policy, PolicyKind::Identity).error().message,
            "Statement IDs (SID) in a single policy must be unique.");
}

TEST(PrincipalArns, AreThoseOfUsersAndRoles) {
  const auto policy = parse(
      R"({"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com",)"
      R"("AWS":["123456789012","arn:aws:iam::123456789012:role/a/b"]}},)"
      R"({"Effect":"Deny","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::123456789012:user/c"}}]})");
  ASSERT_TRUE(policy);
  EXPECT_EQ(principal_arns(*policy), (std::vector<std::string>{"arn:aws:iam::123456789012:role/a/b",
                                                               "arn:aws:iam::123456789012:user/c"}));
}

TEST(ContextKeys, AreThoseOfConditionsAndVariables) {
  const auto uses = [](const std::string& more) {
    const std::string start = R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",)";
    const auto policy = parse(start + more + "}}");
    EXPECT_TRUE(policy.has_value()) << more;
    const auto keys = context_keys(*policy);
    return std::vector<std::string>(keys.begin(), keys.end());
  };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(uses(R"("Resource":"*")"), Keys());
  EXPECT_EQ(uses(R"("Resource":["arn:aws:s3:::a/*","arn:aws:s3:::b?"])"), Keys());
  EXPECT_EQ(uses(R"("Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}})"),
            Keys({"aws:securetransport"}));
  EXPECT_EQ(uses(R"("Resource":["*","arn:aws:s3:::a/${aws:username}"])"), Keys({"aws:username"}));
  EXPECT_EQ(uses(R"("Resource":"arn:aws:s3:::${aws:username}/*",)"
                 R"("Condition":{"StringLike":{"s3:prefix":["${aws:PrincipalTag/team}/*","x"]},)"
                 R"("Null":{"aws:username":"false"}})"),
            Keys({"aws:principaltag/team", "aws:username", "s3:prefix"}));
}

TEST(CountedCharacters, LeavesWhiteSpaceOut) {
  EXPECT_EQ(counted_characters(" {\n\t\"ä\" : 1 }\r\n"), 7u);
}

}  // namespace
}  // namespace holm::aws::policy
