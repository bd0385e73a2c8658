// YAML: scalars, CloudFormation's short forms, places, aliases and what is refused.

#include "formats/yaml.h"

#include <gtest/gtest.h>

#include "formats/json.h"

namespace holm::formats {
namespace {

TEST(Yaml, IsReadAsTheSameJson) {
  struct Case {
    const char* yaml;
    const char* json;
  };
  const Case kCases[] = {
      {"a: 1\nb: [x, 'y', \"z\\n\"]", R"({"a":1,"b":["x","y","z\n"]})"},
      {"[true, True, false, yes, no, on, off, Y]",
       R"([true,true,false,"yes","no","on","off","Y"])"},
      {"[null, ~, Null, '', ]", R"([null,null,null,""])"},
      {"a:", R"({"a":null})"},
      {"[1.10, 1e3, -0.5, 12345678901234567890]", "[1.10,1e3,-0.5,12345678901234567890]"},
      {"[012345678901, 0x1F, 1_000, +1, .5, 1:30, .inf, 123456789012]",
       R"(["012345678901","0x1F","1_000","+1",".5","1:30",".inf",123456789012])"},
      {"[2010-09-09, 2012-10-17]", R"(["2010-09-09","2012-10-17"])"},
      {"['1', \"true\", !!str 1, ! 2]", R"(["1","true","1","2"])"},
      {"[!!int 3, !!float 1.5, !!bool true, !!null ~]", "[3,1.5,true,null]"},
      {"123: a\ntrue: b", R"({"123":"a","true":"b"})"},
      {"a: |\n  x\n  y\nb: >\n  x\n  y\nc: |-\n  z", R"({"a":"x\ny\n","b":"x y\n","c":"z"})"},
      {"{\"a\": {\"b\": [1, \"c\"]}}", R"({"a":{"b":[1,"c"]}})"},
      {"!Ref x", R"({"Ref":"x"})"},
      {"!Ref 123", R"({"Ref":"123"})"},
      {"!Condition c", R"({"Condition":"c"})"},
      {"!GetAtt a.b", R"({"Fn::GetAtt":["a","b"]})"},
      {"!GetAtt a.Outputs.c", R"({"Fn::GetAtt":["a","Outputs.c"]})"},
      {"!GetAtt [a, !Ref b]", R"({"Fn::GetAtt":["a",{"Ref":"b"}]})"},
      {"!GetAtt a", R"({"Fn::GetAtt":"a"})"},
      {"!GetAZs ''", R"({"Fn::GetAZs":""})"},
      {"!Sub '${a}-b'", R"({"Fn::Sub":"${a}-b"})"},
      {"!Sub ['${a}', {a: !Ref b}]", R"({"Fn::Sub":["${a}",{"a":{"Ref":"b"}}]})"},
      {"!Select [0, !GetAZs '']", R"({"Fn::Select":[0,{"Fn::GetAZs":""}]})"},
      {"Fn::Base64: !Sub |\n  #!/bin/sh\n  ${x}",
       R"({"Fn::Base64":{"Fn::Sub":"#!/bin/sh\n${x}"}})"},
      {"!Transform {Name: 'AWS::Include'}", R"({"Fn::Transform":{"Name":"AWS::Include"}})"},
      {"a: &x [1, {b: 2}]\nc: *x\nd: &y text\ne: *y",
       R"({"a":[1,{"b":2}],"c":[1,{"b":2}],"d":"text","e":"text"})"},
      {"\xEF\xBB\xBF"
       "a: 1",
       R"({"a":1})"},
      {"---\na: 1\n...\n", R"({"a":1})"},
      {"a: \"\\u00e9\\x41\"", "{\"a\":\"\xC3\xA9\x41\"}"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.yaml);
    auto value = parse_yaml(c.yaml);
    ASSERT_TRUE(value) << value.error().describe();
    EXPECT_EQ(write_json(*value), c.json);
  }
}

TEST(Yaml, EveryValueKnowsItsPlace) {
  auto value = parse_yaml("a:\n  b: !GetAtt x.y\n  c:\n    - 1\n    - !Ref z\n");
  ASSERT_TRUE(value);
  const Value& a = *value->find("a");
  EXPECT_EQ(a.place.line, 2);
  EXPECT_EQ(a.find("b")->place.line, 2);
  EXPECT_EQ(a.find("b")->place.column, 6);
  EXPECT_EQ(a.find("b")->find("Fn::GetAtt")->as_array()->at(1).place.line, 2);
  EXPECT_EQ(a.find("c")->as_array()->at(1).place.line, 5);
  EXPECT_EQ(a.find("c")->as_array()->at(1).find("Ref")->place.line, 5);
}

TEST(Yaml, WhatIsNotSupportedIsRefusedWithItsPlace) {
  struct Case {
    const char* what;
    const char* text;
    int line;
  };
  const Case kCases[] = {
      {"nothing", "", 1},
      {"only a comment", "# a\n", 2},
      {"two documents", "a: 1\n---\nb: 1", 2},
      {"a repeated name", "a: 1\nb: 2\na: 3", 3},
      {"a tag nobody knows", "a: 1\nb: !Reff x", 2},
      {"a function nobody knows on a list", "a: 1\nb: !Joinn [x]", 2},
      {"binary", "a: !!binary aGk=", 1},
      {"a set", "!!set {a}", 1},
      {"a timestamp", "a: !!timestamp 2020-01-01", 1},
      {"a number that is none", "a: !!int x", 1},
      {"a merge", "a: &x {b: 1}\nc:\n  <<: *x", 3},
      {"an alias without an anchor", "a: *x", 1},
      {"an alias inside its own anchor", "a: &x [*x]", 1},
      {"a list as a name", "a: 1\n[b]: 2", 2},
      {"a tab as indentation", "a:\n\tb: 1", 2},
      {"an open list", "a: [1,\n", 2},
      {"bytes that are not UTF-8", "a: \xFF", 1},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    auto value = parse_yaml(c.text);
    ASSERT_FALSE(value) << write_json(*value);
    EXPECT_EQ(value.error().place.line, c.line) << value.error().describe();
  }
}

TEST(Yaml, AViewOfNothingIsRefused) { EXPECT_FALSE(parse_yaml(std::string_view{})); }

TEST(Yaml, AliasesThatMultiplyAreRefused) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    const std::string name = "a" + std::to_string(i);
    text += name + ": &" + name + " [" + before;
    for (int k = 0; k < 8; ++k) text += ", " + before;
    text += "]\n";
  }
  EXPECT_FALSE(parse_yaml(text));
}

TEST(Yaml, AliasesThatNestAreRefused) {
  std::string text = "- &a0 x\n";
  for (int i = 1; i < 200; ++i) {
    text += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_FALSE(parse_yaml(text));
}

TEST(Yaml, LongTextsThatAreAliasedOftenAreRefused) {
  const std::string text = "- &a " + std::string(1000, 'x') + "\n- [*a, *a, *a]";
  EXPECT_TRUE(parse_yaml(text, {.bytes = 3000}));
  EXPECT_FALSE(parse_yaml(text, {.bytes = 2000}));
}

TEST(Yaml, LimitsAreKept) {
  auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_yaml(nested(128)));
  EXPECT_FALSE(parse_yaml(nested(129)));
  EXPECT_FALSE(parse_yaml(nested(20'000)));
  EXPECT_FALSE(parse_yaml("[1, 2]", {.values = 2}));
  EXPECT_FALSE(parse_yaml("abc", {.bytes = 2}));
}

}  // namespace
}  // namespace holm::formats
