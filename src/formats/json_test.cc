// JSON: what is read, what is refused and where, what is written.

#include "formats/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace holm::formats {
namespace {

TEST(Json, WhatIsReadIsWrittenBackTheSame) {
  const char* const kTexts[] = {
      "null",
      "true",
      "false",
      "0",
      "-7",
      "9223372036854775807",
      "-9223372036854775808",
      "12345678901234567890",
      "1.10",
      "1e400",
      "-0",
      "-0.0",
      R"("")",
      R"("a\"b\\c\u0001\n")",
      "[]",
      "{}",
      R"([1,[2,{"a":[]}],null])",
      R"({"b":1,"a":{"c":"d"}})",
      "\"\xC3\xA9\xF0\x9F\x98\x80\"",
  };
  for (const char* text : kTexts) {
    SCOPED_TRACE(text);
    auto value = parse_json(text);
    ASSERT_TRUE(value) << value.error().describe();
    EXPECT_EQ(write_json(*value), text);
  }
}

TEST(Json, EscapesAreDecoded) {
  auto value = parse_json(R"("\u00e9\ud83d\ude00\/\b\f\r\t\u0000")");
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->as_string(), std::string("\xC3\xA9\xF0\x9F\x98\x80/\b\f\r\t\0", 12));
}

TEST(Json, WhatIsNoJsonIsRefusedWithItsPlace) {
  struct Case {
    const char* what;
    std::string_view text;
    Place place;
  };
  const Case kCases[] = {
      {"nothing", "", {1, 1}},
      {"only space", " \n ", {2, 2}},
      {"a leading zero", "01", {1, 1}},
      {"a plus sign", "+1", {1, 1}},
      {"no digit after the point", "1.", {1, 1}},
      {"no digit before the point", ".5", {1, 1}},
      {"an empty exponent", "1e", {1, 1}},
      {"NaN", "NaN", {1, 1}},
      {"a word cut short", "tru", {1, 1}},
      {"a second value", "1\n 2", {2, 2}},
      {"a trailing comma in an array", "[1,]", {1, 4}},
      {"a trailing comma in an object", "{\"a\":1,}", {1, 8}},
      {"a comment", "/* a */ 1", {1, 1}},
      {"a repeated name", "{\"a\":1,\n \"a\":2}", {2, 2}},
      {"a name without quotes", "{a:1}", {1, 2}},
      {"a missing colon", "{\"a\" 1}", {1, 6}},
      {"an open array", "[1", {1, 3}},
      {"an open object", "{\"a\":1", {1, 7}},
      {"an open string", "\"a", {1, 3}},
      {"a line break in a string", "\"a\nb\"", {1, 3}},
      {"an unknown escape", "\"\\x\"", {1, 2}},
      {"an escape cut short", "\"\\u12\"", {1, 2}},
      {"a sign in an escape", "\"\\u-123\"", {1, 2}},
      {"a lone high surrogate", "\"\\ud83d\"", {1, 8}},
      {"a lone low surrogate", "\"\\ude00\"", {1, 8}},
      {"a byte that is not UTF-8", "\"\xFF\"", {1, 3}},
      {"an encoded surrogate", "\"\xED\xA0\x80\"", {1, 5}},
      {"a byte order mark", "\xEF\xBB\xBF{}", {1, 1}},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    auto value = parse_json(c.text);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().place.line, c.place.line);
    EXPECT_EQ(value.error().place.column, c.place.column);
  }
}

TEST(Json, EveryValueKnowsItsPlace) {
  auto value = parse_json("{\n  \"a\": [1,\n 2]}");
  ASSERT_TRUE(value);
  const Value& second = value->find("a")->as_array()->at(1);
  EXPECT_EQ(second.place.line, 3);
  EXPECT_EQ(second.place.column, 2);
}

TEST(Json, LimitsAreKept) {
  const std::string deep = std::string(129, '[') + std::string(129, ']');
  EXPECT_FALSE(parse_json(deep));
  EXPECT_TRUE(parse_json(deep.substr(1, deep.size() - 2)));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
  EXPECT_FALSE(parse_json("[1,2]", {.bytes = 4}));
  EXPECT_FALSE(parse_json("[1,2]", {.values = 2}));
  EXPECT_TRUE(parse_json("[1,2]", {.bytes = 5, .values = 3}));
}

TEST(Json, ARepeatedNameIsFoundInALargeObject) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += "\"n" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(parse_json(text + "\"last\":0}"));
  EXPECT_FALSE(parse_json(text + "\"n17\":0}"));
  EXPECT_FALSE(parse_json(text + "\"n999\":0}"));
}

TEST(Json, NumbersAreWrittenShortest) {
  struct Case {
    double number;
    const char* text;
  };
  const Case kCases[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {100000, "100000"},
      {0.1, "0.1"},
      {-2.5, "-2.5"},
      {1763695200.123, "1763695200.123"},
      {9007199254740991, "9007199254740991"},
      {1e300, "1e+300"},
      {5e-324, "5e-324"},
      {1.0 / 3, "0.3333333333333333"},
      {NAN, "\"NaN\""},
      {INFINITY, "\"Infinity\""},
      {-INFINITY, "\"-Infinity\""},
  };
  for (const Case& c : kCases) {
    std::string text;
    append_json_number(text, c.number);
    EXPECT_EQ(text, c.text);
    if (std::isfinite(c.number)) EXPECT_EQ(parse_json(text)->as_number(), c.number);
  }
}

TEST(Json, PrettyTextIsIndented) {
  auto value = parse_json(R"({"a":[1,{}],"b":[]})");
  EXPECT_EQ(write_json(*value, JsonStyle::Pretty),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

TEST(Json, BytesAreWrittenAsBase64AndTimesAsSeconds) {
  Value bytes;
  bytes.data = Bytes{"hi!"};
  EXPECT_EQ(write_json(bytes), "\"aGkh\"");
  Value time;
  time.data = EpochSeconds{1763695200};
  EXPECT_EQ(write_json(time), "1763695200");
}

TEST(Values, NumbersAreEqualByWhatTheyMean) {
  struct Case {
    const char* left;
    const char* right;
    bool equal;
  };
  const Case kCases[] = {
      {"1", "1.0", true},
      {"1", "10e-1", true},
      {"1.10", "1.1", true},
      {"0", "-0.0", true},
      {"1", "2", false},
      {"1", "-1", false},
      {"1", "\"1\"", false},
      {"1e400", "1e401", false},
      {"12345678901234567890", "12345678901234567891", false},
      {"1e9999999999", "1e9999999999", true},
      {R"({"a":1,"b":2})", R"({"b":2.0,"a":1})", true},
      {R"({"a":1})", R"({"b":1})", false},
      {"[1]", "[1,1]", false},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(std::string(c.left) + " and " + c.right);
    EXPECT_EQ(*parse_json(c.left) == *parse_json(c.right), c.equal);
  }
}

TEST(Values, IntegersAreExactOrNotThere) {
  EXPECT_EQ(parse_json("3.0")->as_integer(), 3);
  EXPECT_EQ(parse_json("-12e2")->as_integer(), -1200);
  EXPECT_EQ(parse_json("0.0")->as_integer(), 0);
  EXPECT_EQ(Value(4.0).as_integer(), 4);
  EXPECT_EQ(parse_json("3.5")->as_integer(), std::nullopt);
  EXPECT_EQ(parse_json("1e19")->as_integer(), std::nullopt);
  EXPECT_EQ(parse_json("9223372036854775808")->as_integer(), std::nullopt);
  EXPECT_EQ(parse_json("\"3\"")->as_integer(), std::nullopt);
  EXPECT_EQ(Value(std::numeric_limits<double>::quiet_NaN()).as_integer(), std::nullopt);
}

TEST(Values, MembersAreSetReplacedAndRemoved) {
  Object object;
  object.set("a", 1);
  object.set("b", 2);
  object.set("a", 3);
  EXPECT_EQ(write_json(object), R"({"a":3,"b":2})");
  EXPECT_TRUE(object.remove("a"));
  EXPECT_FALSE(object.remove("a"));
  EXPECT_EQ(write_json(object), R"({"b":2})");
}

}  // namespace
}  // namespace holm::formats
