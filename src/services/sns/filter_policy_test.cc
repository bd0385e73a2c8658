// What passes which filter.

#include "services/sns/filter_policy.h"

#include <gtest/gtest.h>

#include "formats/json.h"

namespace holm::sns {
namespace {

struct Row {
  const char* policy;
  const char* passing;
  const char* failing;
};

// The documentation's examples, and what is at their edges.
constexpr Row kRows[] = {
    {R"({"a":["x","y"]})", R"({"a":"y"})", R"({"a":"z"})"},
    {R"({"a":["x"]})", R"({"a":["z","x"]})", R"({"a":["z"]})"},
    {R"({"a":["x"],"b":["y"]})", R"({"a":"x","b":"y","c":1})", R"({"a":"x"})"},
    {R"({"a":[{"prefix":"bas"}]})", R"({"a":"baseball"})", R"({"a":"rugby"})"},
    {R"({"a":[{"suffix":"ball"}]})", R"({"a":"baseball"})", R"({"a":"balls"})"},
    {R"({"a":[{"equals-ignore-case":"TENNIS"}]})", R"({"a":"tennis"})", R"({"a":"tenni"})"},
    {R"({"a":[{"anything-but":["rugby","tennis"]}]})", R"({"a":["rugby","baseball"]})", R"({"a":["rugby"]})"},
    {R"({"a":[{"anything-but":{"prefix":"bas"}}]})", R"({"a":"rugby"})", R"({"a":"basketball"})"},
    {R"({"a":[{"anything-but":[100,500]}]})", R"({"a":101})", R"({"a":100.0})"},
    {R"({"a":[{"anything-but":"x"}]})", R"({"a":"y"})", R"({})"},
    {R"({"a":[{"exists":true}]})", R"({"a":0})", R"({"b":0})"},
    {R"({"a":[{"exists":false}]})", R"({"b":0})", R"({"a":0})"},
    {R"({"a":[{"numeric":["=",301.5]}]})", R"({"a":3.015e2})", R"({"a":"301.5"})"},
    {R"({"a":[{"numeric":[">",0,"<=",150]}]})", R"({"a":150})", R"({"a":0})"},
    {R"({"a":[100]})", R"({"a":100})", R"({"a":"100"})"},
    {R"({"a":[null,true]})", R"({"a":true})", R"({"a":false})"},
    {R"({"a":[{"wildcard":"*/img/*.png"}]})", R"({"a":"x/img/y.png"})", R"({"a":"x/img.png"})"},
    {R"({"a":[{"wildcard":"ab*ba"}]})", R"({"a":"abba"})", R"({"a":"aba"})"},
    {R"({"a":[{"cidr":"10.0.0.0/24"}]})", R"({"a":"10.0.0.255"})", R"({"a":"10.0.1.0"})"},
    {R"({"a":["x"],"$or":[{"b":["y"]},{"c":[{"numeric":["<",3]}]}]})", R"({"a":"x","c":2})",
     R"({"a":"x","c":3})"},
};

TEST(FilterPolicy, LetsPassWhatItNames) {
  for (const Row& row : kRows) {
    auto policy = parse_filter_policy(row.policy, FilterScope::MessageAttributes);
    ASSERT_TRUE(policy) << row.policy << ": " << policy.error().message;
    EXPECT_TRUE(passes(*policy, formats::parse_json(row.passing).value()))
        << row.policy << " " << row.passing;
    EXPECT_FALSE(passes(*policy, formats::parse_json(row.failing).value()))
        << row.policy << " " << row.failing;
  }
}

TEST(FilterPolicy, OfBodiesGoesDown) {
  auto policy = parse_filter_policy(R"({"order":{"kind":["book"],"customer":{"vip":[{"exists":true}]}}})",
                                    FilterScope::MessageBody);
  ASSERT_TRUE(policy);
  auto is_let_pass = [&](const char* text) { return passes(*policy, formats::parse_json(text).value()); };
  EXPECT_TRUE(is_let_pass(R"({"order":{"kind":"book","customer":{"vip":1}}})"));
  EXPECT_FALSE(is_let_pass(R"({"order":{"kind":"book"}})"));
  EXPECT_TRUE(is_let_pass(R"({"order":[{"kind":"pen"},{"kind":"book","customer":{"vip":1}}]})"));
  EXPECT_FALSE(is_let_pass(R"({"order":"book"})"));
}

TEST(FilterPolicy, ThatMakesNoSenseIsRefused) {
  for (const char* wrong :
       {"", "[]", "{}", R"({"a":"x"})", R"({"a":[]})", R"({"a":[{"b":["c"]}]})", R"({"a":[["x"]]})",
        R"({"a":{"b":["c"]}})", R"({"a":[{"numeric":["=","1"]}]})", R"({"a":[{"numeric":["~",1]}]})",
        R"({"a":[{"exists":"true"}]})", R"({"a":[{"prefix":1}]})", R"({"a":[{"prefix":"x","suffix":"y"}]})",
        R"({"a":[{"cidr":"10.0.0.0/99"}]})", R"({"a":[{"wildcard":"a**b"}]})", R"({"$or":[{"a":["x"]}]})",
        R"({"a":[{"anything-but":{"cidr":"10.0.0.0/8"}}]})",
        R"({"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"],"f":["1"]})"}) {
    EXPECT_FALSE(parse_filter_policy(wrong, FilterScope::MessageAttributes)) << wrong;
  }
}

}  // namespace
}  // namespace holm::sns
