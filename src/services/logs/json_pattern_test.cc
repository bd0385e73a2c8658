// What patterns on JSON match.

#include "services/logs/json_pattern.h"

#include <gtest/gtest.h>

#include "formats/json.h"

namespace holm::logs {
namespace {

constexpr char kEvent[] =
    R"({"level":"ERROR","took":120.5,"user":{"name":"Ada","roles":["admin","pupil"]},"ok":false,"gone":null,)"
    R"("status":"404","a-b":1})";

TEST(JsonPattern, MatchesWhatTheDocumentationSays) {
  const auto event = formats::parse_json(kEvent).value();
  for (const char* text :
       {R"({ $.level = "ERROR" })", "{$.level=ERROR}", "{ $.level = E* }", "{ $.level != INFO }",
        "{ $.took > 120 }", "{ $.took <= 120.5 && $.ok IS FALSE }", "{ $.gone IS NULL }",
        "{ $.none NOT EXISTS }", "{ $.user.roles[1] = pupil }", R"({ $.user["name"] = "A?a" })",
        "{ ($.took > 500) || ($.level = ERROR && $.user.name = Ada) }", "{ $.status = 404 }", "{ $.a-b = 1 }",
        "{ $.took = 120.50 }"}) {
    auto pattern = JsonPattern::parse(text);
    ASSERT_TRUE(pattern) << text << ": " << pattern.error().message;
    EXPECT_TRUE(pattern->matches(event)) << text;
  }
  for (const char* text :
       {"{ $.level = INFO }", "{ $.level != ERROR }", "{ $.took < 120 }", "{ $.none != x }",
        "{ $.level NOT EXISTS }", "{ $.took IS NULL }", "{ $.user.roles[2] = pupil }", "{ $.ok IS TRUE }",
        "{ $.level = ERROR && $.took > 500 }", "{ $.status > 400 }"}) {
    auto pattern = JsonPattern::parse(text);
    ASSERT_TRUE(pattern) << text << ": " << pattern.error().message;
    EXPECT_FALSE(pattern->matches(event)) << text;
  }
}

TEST(JsonPattern, ThatIsNoneIsRefused) {
  for (const std::string& text :
       {std::string(""), std::string("{"), std::string("{}"), std::string("{ $ = 1 }"),
        std::string("{ $.a }"), std::string("{ $.a = }"), std::string("{ $.a = 1"),
        std::string("{ $.a = 1 } x"), std::string("{ $.a > x }"), std::string("{ ($.a = 1 }"),
        std::string("{ $.a IS 1 }"), std::string("{ $.a[x] = 1 }"), std::string("{ $.a = %x% }"),
        std::string("{ $.a = \"x }"),
        "{ " + std::string(100, '(') + "$.a = 1" + std::string(100, ')') + " }"}) {
    EXPECT_FALSE(JsonPattern::parse(text)) << text;
  }
}

TEST(Selector, FindsItsPlace) {
  const auto event = formats::parse_json(kEvent).value();
  EXPECT_EQ(Selector::parse("$.took")->find(event)->as_number(), 120.5);
  EXPECT_EQ(Selector::parse("$.user.none")->find(event), nullptr);
  EXPECT_FALSE(Selector::parse("$.took + 1"));
  EXPECT_FALSE(Selector::parse("took"));
}

}  // namespace
}  // namespace holm::logs
