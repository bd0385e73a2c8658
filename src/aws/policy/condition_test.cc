// Every condition operator, with absent, single and several values.

#include "aws/policy/condition.h"

#include <gtest/gtest.h>

#include "aws/policy/evaluate.h"
#include "base/strings.h"

namespace holm::aws::policy {
namespace {

struct Row {
  const char* op;
  const char* operands;  // Separated by '|'.
  const char* values;    // Likewise; "-" for a key that is absent.
  bool met;
};

const Row kTextRows[] = {
    {"StringEquals", "a", "a", true},
    {"StringEquals", "a", "A", false},
    {"StringEquals", "a|b", "b", true},
    {"StringEquals", "a*", "ab", false},
    {"StringEquals", "a*", "a*", true},
    {"StringEquals", "", "", true},
    {"StringEquals", "a", "-", false},
    {"StringEqualsIfExists", "a", "-", true},
    {"StringEqualsIfExists", "a", "b", false},
    {"StringNotEquals", "a", "b", true},
    {"StringNotEquals", "a", "a", false},
    {"StringNotEquals", "a|b", "b", false},
    {"StringNotEquals", "a|b", "c", true},
    {"StringNotEquals", "a", "-", true},
    {"StringNotEqualsIfExists", "a", "-", true},
    {"StringNotEquals", "a", "a|b", false},
    {"StringEqualsIgnoreCase", "AbC", "aBc", true},
    {"StringEqualsIgnoreCase", "AbC", "aBd", false},
    {"StringNotEqualsIgnoreCase", "AbC", "aBc", false},
    {"StringNotEqualsIgnoreCase", "AbC", "x", true},
    {"StringLike", "a*", "abc", true},
    {"StringLike", "a?c", "abc", true},
    {"StringLike", "a?c", "ac", false},
    {"StringLike", "*b*", "a:b/c", true},
    {"StringLike", "A*", "abc", false},
    {"StringLike", "*", "", true},
    {"StringLike", "*", "-", false},
    {"StringLike", "${*}", "*", true},
    {"StringLike", "${*}", "a", false},
    {"StringLike", "${?}${$}", "?$", true},
    {"StringNotLike", "a*", "abc", false},
    {"StringNotLike", "a*", "b", true},
    {"StringNotLike", "a*", "-", true},
    {"StringLikeIfExists", "a*", "-", true},
};

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
const Row kQuantifierRows[] = {
    {"ForAnyValue:StringEquals", "a|b", "x|a", true},
    {"ForAnyValue:StringEquals", "a|b", "x|y", false},
    {"ForAnyValue:StringEquals", "a", "-", false},
    {"ForAnyValue:StringEqualsIfExists", "a", "-", true},
    {"ForAllValues:StringEquals", "a|b", "a|b", true},
    {"ForAllValues:StringEquals", "a|b", "a|x", false},
    {"ForAllValues:StringEquals", "a", "-", true},
    {"ForAllValues:StringEquals", "a|b", "a", true},
    // Negation is about each value, the quantifier about all of them.
    {"ForAnyValue:StringNotEquals", "a", "a|b", true},
    {"ForAnyValue:StringNotEquals", "a|b", "a|b", false},
    {"ForAnyValue:StringNotEquals", "a", "a", false},
    {"ForAnyValue:StringNotEquals", "a", "-", false},
    {"ForAllValues:StringNotEquals", "a", "b|c", true},
    {"ForAllValues:StringNotEquals", "a", "a|c", false},
    {"ForAllValues:StringNotEquals", "a", "-", true},
    {"ForAnyValue:StringLike", "s3:*", "ec2:X|s3:Y", true},
    {"ForAllValues:StringLike", "s3:*", "ec2:X|s3:Y", false},
    {"ForAllValues:StringNotLike", "s3:*", "ec2:X|iam:Y", true},
    {"ForAllValues:StringNotLike", "s3:*", "ec2:X|s3:Y", false},
    {"ForAnyValue:StringNotLike", "s3:*", "ec2:X|s3:Y", true},
    {"ForAnyValue:NotIpAddress", "10.0.0.0/8", "10.1.2.3|11.0.0.1", true},
    {"ForAllValues:NotIpAddress", "10.0.0.0/8", "10.1.2.3|11.0.0.1", false},
    {"ForAllValues:NumericLessThan", "5", "1|4", true},
    {"ForAllValues:NumericLessThan", "5", "1|6", false},
};

const Row kNumberRows[] = {
    {"NumericEquals", "10", "10", true},
    {"NumericEquals", "10", "10.0", true},
    {"NumericEquals", "10", "11", false},
    {"NumericEquals", "10", "ten", false},
    {"NumericEquals", "10", "-", false},
    {"NumericNotEquals", "10", "11", true},
    {"NumericNotEquals", "10", "10", false},
    {"NumericNotEquals", "10", "-", true},
    {"NumericLessThan", "10", "9.5", true},
    {"NumericLessThan", "10", "10", false},
    {"NumericLessThanEquals", "10", "10", true},
    {"NumericLessThanEquals", "10", "10.1", false},
    {"NumericGreaterThan", "-5", "-4", true},
    {"NumericGreaterThan", "10", "10", false},
    {"NumericGreaterThanEquals", "10", "10", true},
    {"NumericGreaterThanEquals", "10", "9", false},
    {"NumericLessThanIfExists", "10", "-", true},
    {"DateEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", true},
    {"DateEquals", "2026-01-01T00:00:00Z", "1767225600", true},
    {"DateNotEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", false},
    {"DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", true},
    {"DateLessThan", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", false},
    {"DateLessThanEquals", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", true},
    {"DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+02:00", false},
    {"DateGreaterThan", "2026-01-01", "2026-01-01T00:00:01Z", true},
    {"DateGreaterThanEquals", "2026-01-01T00:00:00Z", "yesterday", false},
};

const Row kOtherRows[] = {
    {"Bool", "true", "true", true},
    {"Bool", "true", "TRUE", true},
    {"Bool", "true", "false", false},
    {"Bool", "false", "false", true},
    {"Bool", "false", "-", false},
    {"BoolIfExists", "false", "-", true},
    {"Bool", "false", "no", false},
    {"BinaryEquals", "aGVsbG8=", "aGVsbG8=", true},
    {"BinaryEquals", "aGVsbG8=", "aGVsbG9v", false},
    {"Null", "true", "-", true},
    {"Null", "true", "x", false},
    {"Null", "false", "x", true},
    {"Null", "false", "-", false},
    {"IpAddress", "203.0.113.0/24", "203.0.113.7", true},
    {"IpAddress", "203.0.113.0/24", "203.0.114.7", false},
    {"IpAddress", "203.0.113.7", "203.0.113.7", true},
    {"IpAddress", "203.0.113.7", "203.0.113.8", false},
    {"IpAddress", "0.0.0.0/0", "8.8.8.8", true},
    {"IpAddress", "0.0.0.0/0", "2001:db8::1", false},
    {"IpAddress", "203.0.113.128/25", "203.0.113.127", false},
    {"IpAddress", "203.0.113.0/24", "::ffff:203.0.113.7", true},
    {"IpAddress", "2001:db8::/32", "2001:db8:1234::1", true},
    {"IpAddress", "2001:db8::/32", "2001:db9::1", false},
    {"IpAddress", "10.0.0.0/8", "not an address", false},
    {"IpAddress", "10.0.0.0/8", "-", false},
    {"NotIpAddress", "10.0.0.0/8", "10.1.2.3", false},
    {"NotIpAddress", "10.0.0.0/8", "11.1.2.3", true},
    {"NotIpAddress", "10.0.0.0/8", "-", true},
    {"ArnEquals", "arn:aws:sns:us-east-1:123456789012:t", "arn:aws:sns:us-east-1:123456789012:t",
     true},
    {"ArnEquals", "arn:aws:sns:*:123456789012:t*", "arn:aws:sns:us-east-1:123456789012:t1", true},
    {"ArnLike", "arn:aws:sns:*:*:t", "arn:aws:sns:eu-west-1:1:t", true},
    {"ArnLike", "arn:aws:s3:::b/*", "arn:aws:s3:::b/a:b/c", true},
    {"ArnLike", "arn:aws:sns:*:t", "arn:aws:sns:us-east-1:1:t", false},
    {"ArnLike", "arn:*:t", "arn:aws:sns:us-east-1:1:t", false},
    {"ArnNotLike", "arn:aws:sns:*:*:t", "arn:aws:sns:eu-west-1:1:t", false},
    {"ArnNotEquals", "arn:aws:sns:*:*:t", "-", true},
    // Variables: the user's name is in the context, "nobody" is not, "many" has two values.
    {"StringEquals", "${aws:username}", "ann*", true},
    {"StringLike", "${aws:username}", "annabel", false},
    {"StringLike", "home/${aws:UserName}/*", "home/ann*/x", true},
    {"StringEquals", "${aws:nobody}", "", false},
    {"StringEquals", "${aws:nobody, 'guest'}", "guest", true},
    {"StringEquals", "${aws:username, 'guest'}", "guest", false},
    {"StringEquals", "${aws:many}", "a", false},
    {"ArnLike", "arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/ann*", true},
};

std::vector<std::string> list(const char* text) {
  std::vector<std::string> values;
  for (std::string_view part : split(text, '|')) values.emplace_back(part);
  return values;
}

Context context_with(const char* values) {
  Context context;
  context.set("aws:username", "ann*");
  context.set("aws:many", std::vector<std::string>{"a", "b"});
  if (std::string_view(values) != "-") context.set("test:Key", list(values));
  return context;
}

Condition condition_of(const char* op, const char* operands) {
  Condition condition{.op = find_operator(op).value(), .key = "test:key"};
  for (const std::string& text : list(operands)) {
    condition.operands.push_back(read_operand(condition.op, text, Variables::Replaced).value());
  }
  return condition;
}

void check(std::span<const Row> rows) {
  for (const Row& row : rows) {
    const Condition condition = condition_of(row.op, row.operands);
    for (Effect effect : {Effect::Allow, Effect::Deny}) {
      EXPECT_EQ(is_met(condition, context_with(row.values), effect), row.met)
          << row.op << " " << row.operands << " for " << row.values;
    }
  }
}

TEST(Condition, ComparesTexts) { check(kTextRows); }
TEST(Condition, QuantifiesOverSeveralValues) { check(kQuantifierRows); }
TEST(Condition, ComparesNumbersAndDates) { check(kNumberRows); }
TEST(Condition, ComparesTheRestAndVariables) { check(kOtherRows); }

TEST(Condition, ANegatedOneWithAnUnresolvedVariableNeverLetsSomethingPass) {
  const Condition condition = condition_of("StringNotEquals", "${aws:nobody}");
  EXPECT_FALSE(is_met(condition, context_with("x"), Effect::Allow));
  EXPECT_TRUE(is_met(condition, context_with("x"), Effect::Deny));
}

TEST(Condition, RefusesOperatorsAndOperandsThatAreNone) {
  for (const char* name :
       {"", "stringEquals", "StringEqual", "ForAllValues:", "ForEachValue:StringEquals", "IfExists",
        "NullIfExists", "ForAnyValue:Null", "BoolNot", "StringEqualsIfExistsIfExists"}) {
    EXPECT_FALSE(find_operator(name)) << name;
  }
  const struct {
    const char *op, *operand;
  } rows[] = {{"NumericEquals", "x"},      {"NumericEquals", "inf"},
              {"DateEquals", "tomorrow"},  {"Bool", "yes"},
              {"BinaryEquals", "%"},       {"IpAddress", "10.0.0.0/33"},
              {"IpAddress", "10.0.0"},     {"IpAddress", "2001:db8::/129"},
              {"IpAddress", "10.0.0.0/"},  {"Null", "maybe"},
              {"StringEquals", "${aws:x"}, {"StringEquals", "${}"},
              {"StringEquals", "${a, b}"}, {"DateEquals", "99999999999999"}};
  for (const auto& row : rows) {
    EXPECT_FALSE(read_operand(*find_operator(row.op), row.operand, Variables::Replaced))
        << row.op << row.operand;
  }
}

struct ResourceRow {
  const char *pattern, *resource;
  bool matches;
};

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
TEST(Resource, WildcardsStayInTheirSegmentUnlessTheyEndIt) {
  const ResourceRow rows[] = {
      {"*", "arn:aws:s3:::b", true},
      {"*", "*", true},
      {"arn:aws:s3:::b", "arn:aws:s3:::b", true},
      {"arn:aws:s3:::b", "arn:aws:s3:::B", false},
      {"arn:aws:s3:::b/*", "arn:aws:s3:::b", false},
      {"arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", true},
      {"arn:aws:s3:::b*", "arn:aws:s3:::b/k", true},
      {"arn:aws:s3:::*", "arn:aws:s3:::b/k", true},
      {"arn:aws:s3:::b/?.txt", "arn:aws:s3:::b/a.txt", true},
      {"arn:aws:s3:::b/?.txt", "arn:aws:s3:::b/ab.txt", false},
      {"arn:aws:s3:::b/20*:00*.log", "arn:aws:s3:::b/2026:10:00:01.log", true},
      {"arn:aws:s3:::b/x*y*z", "arn:aws:s3:::b/x:y:y:z", true},
      {"arn:aws:s3*", "arn:aws:s3:::b/k", true},
      {"arn:aws:s3:*", "arn:aws:s3:::b", true},
      {"arn:aws:*", "arn:aws:sqs:us-east-1:1:q", true},
      {"arn:aws:sqs:us-*-1:1:q", "arn:aws:sqs:us-east-1:1:q", true},
      {"arn:aws:sqs:us-*t-1:1:q", "arn:aws:sqs:us-x:east-1:1:q", false},
      {"arn:aws:sqs:u?-east-1:1:q", "arn:aws:sqs:us-east-1:1:q", true},
      {"arn:aws:sqs:us-east-1?1:q", "arn:aws:sqs:us-east-1:1:q", false},
      {"arn:aws:sqs:*:1:q", "arn:aws:sqs:us-east-1:1:q", true},
      {"arn:aws:sqs:*:1:q", "arn:aws:sqs:us-east-1:2:q", false},
      {"arn:aws:sqs:*:*:q?", "arn:aws:sqs:us-east-1:2:q1", true},
      {"arn:*:sqs:*:*:q", "arn:aws:sqs:us-east-1:2:q", true},
      {"arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/ann*", true},
      {"arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/anna", false},
      {"arn:aws:iam::1:user/${aws:nobody}", "arn:aws:iam::1:user/", false},
      {"arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/ann*/k", true},
      {"", "arn:aws:s3:::b", false},
  };
  for (const ResourceRow& row : rows) {
    const auto pattern = compile_pattern(row.pattern, Wildcards::Resource, Variables::Replaced);
    ASSERT_TRUE(pattern);
    EXPECT_EQ(match(*pattern, row.resource, context_with("-")) == Match::Yes, row.matches)
        << row.pattern << " for " << row.resource;
  }
}

TEST(Resource, VariablesAreTextInTheFirstVersionOfTheLanguage) {
  const auto pattern =
      compile_pattern("a/${aws:username}", Wildcards::Resource, Variables::Literal);
  EXPECT_EQ(match(*pattern, "a/${aws:username}", context_with("-")), Match::Yes);
  EXPECT_EQ(match(*pattern, "a/ann*", context_with("-")), Match::No);
}

}  // namespace
}  // namespace holm::aws::policy
