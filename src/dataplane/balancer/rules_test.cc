// Regular expressions in conditions, and transforms.

#include "dataplane/balancer/rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dataplane/balancer/expression.h"

namespace holm::balancer {
namespace {

TEST(Expression, ReplacesTheFirstPlaceWhereItIsFound) {
  struct Row {
    const char *expression, *text, *replacement;
    std::optional<std::string> result;
  };
  const Row kRows[] = {
      {"^/dp/([A-Za-z0-9]+)/?$", "/dp/B09G3HRMW", "/product.php?id=$1", "/product.php?id=B09G3HRMW"},
      {"^mysite-(.+).com$", "mysite-example.com", "inner.$1.myweb.com", "inner.example.myweb.com"},
      {"b", "abcb", "X", "aXcb"},
      {"(a)(b)?", "xac", "[$0$1$2]", "x[aa]c"},
      {"a", "bbb", "X", std::nullopt},
      {"a", "a", "$", "$"},
      {"a", "a", "$x", "$x"},
      {"a", "a", "\\1", "\\1"},
      {"(", "(", "X", std::nullopt},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(Expression(row.expression).replace_in(row.text, row.replacement), row.result) << row.expression;
  }
}

TEST(Expression, SaysWhatAwsDoesNotHaveEither) {
  for (const char* text : {"(?=a)", "(?<!a)b", "(a)\\1", "a++", "(?>a)", "(", "[", "\\p{L}", "(?R)"}) {
    EXPECT_TRUE(Expression::problem_of(text).has_value()) << text;
  }
  for (const char* text : {"^/api/(v1|v2)/.*$", "[^a]", "(?i)abc", "\\d+", "\\\\p"}) {
    EXPECT_FALSE(Expression::problem_of(text).has_value()) << text;
  }
  EXPECT_TRUE(Expression::problem_of("(a)", "$2").has_value());
  EXPECT_FALSE(Expression::problem_of("(a)", "$1$0").has_value());
}

http::Request request_for(const std::string& target, const std::string& host) {
  http::Request request;
  request.method = "GET";
  request.target = target;
  request.headers = {{"Host", host}, {"User-Agent", "Chrome/1"}};
  split_target(request);
  return request;
}

bool matches(Condition condition, const http::Request& request) {
  const Rule rule{.priority = 1, .conditions = {std::move(condition)}, .action = FixedResponse()};
  const std::vector<Rule> rules = {rule};
  return RuleTable(rules).find(request).rule != nullptr;
}

TEST(RuleTable, FindsExpressionsInHostsPathsAndHeaders) {
  using Field = Condition::Field;
  const http::Request request = request_for("/api/v2/users?x=/api/v9", "Api-7.Example.com:8080");
  auto is_met = [&](Field field, const std::string& expression) {
    return matches({.field = field, .header = "user-agent", .expressions = {expression}}, request);
  };
  EXPECT_TRUE(is_met(Field::Path, "^/api/v[12]/"));
  EXPECT_FALSE(is_met(Field::Path, "v9"));
  EXPECT_FALSE(is_met(Field::Path, "^/API"));
  EXPECT_TRUE(is_met(Field::Host, "^api-[0-9]+\\.example\\.com$"));
  EXPECT_FALSE(is_met(Field::Host, "8080"));
  EXPECT_TRUE(is_met(Field::Header, "^Chrome/"));
  EXPECT_FALSE(is_met(Field::Header, "^chrome/"));
}

// A path that begins otherwise than the values of the condition may still be what the expression is after.
TEST(RuleTable, LooksForExpressionsWhateverTheValuesBeginWith) {
  const http::Request request = request_for("/new/a", "a.test");
  const Condition condition{.field = Condition::Field::Path, .patterns = {"/old/*"}, .expressions = {"^/new/"}};
  EXPECT_TRUE(matches(condition, request));
}

RuleTable::Rewritten rewritten(const Rule& rule, const http::Request& request) {
  const std::vector<Rule> rules = {rule};
  return RuleTable(rules).rewrite(rules.front(), request);
}

TEST(RuleTable, RewritesHostsAndUrls) {
  const http::Request request = request_for("/dp/7?ref=a", "shop.test");
  Rule rule{.priority = 3, .conditions = {}, .action = Forward()};
  EXPECT_EQ(rewritten(rule, request).status, "");
  rule.url_rewrite = {"^/dp/([0-9]+)\\?(.*)$", "/product?id=$1&$2"};
  rule.host_rewrite = {"^SHOP\\.(.*)$", "inner.$1"};
  const auto both = rewritten(rule, request);
  EXPECT_EQ(both.host, "inner.test");
  EXPECT_EQ(both.target, "/product?id=7&ref=a");
  EXPECT_EQ(both.status, "TransformSuccess");
  // What is not found changes nothing.
  const auto none = rewritten(rule, request_for("/other", "other.test"));
  EXPECT_EQ(none.status, "");
  EXPECT_EQ(none.host + none.target, "");
}

TEST(RuleTable, RewritesNothingIntoWhatCannotBeSent) {
  const http::Request request = request_for("/a", "a.test");
  Rule rule{.priority = 3, .conditions = {}, .action = Forward()};
  for (const char* replacement : {"", "a b", "a/b", "a\r\nX: y"}) {
    rule.host_rewrite = {".*", replacement};
    EXPECT_EQ(rewritten(rule, request).status, "TransformInvalidHost") << replacement;
  }
  rule.host_rewrite.reset();
  for (const char* replacement : {"", "a", "/a b", "/a#b", "/a\r\nX: y"}) {
    rule.url_rewrite = {"^/a$", replacement};
    EXPECT_EQ(rewritten(rule, request).status, "TransformInvalidPath") << replacement;
  }
  rule.url_rewrite = {"^(.*)$", "/" + std::string(1000, 'x') + "$1"};
  EXPECT_EQ(rewritten(rule, request_for("/" + std::string(16000, 'y'), "a.test")).status,
            "TransformBufferTooSmall");
}

}  // namespace
}  // namespace holm::balancer
