// Forms: decoding, refusing, writing back.

#include "formats/form.h"

#include <gtest/gtest.h>

namespace holm::formats {
namespace {

TEST(Forms, FieldsAreDecodedInOrder) {
  auto form = parse_form("a=1&b=x+y%26&&a=2&c&=d&e=f=g");
  ASSERT_TRUE(form);
  const std::pair<const char*, const char*> kExpected[] = {{"a", "1"}, {"b", "x y&"}, {"a", "2"},
                                                           {"c", ""},  {"", "d"},     {"e", "f=g"}};
  ASSERT_EQ(form->size(), std::size(kExpected));
  for (size_t i = 0; i < form->size(); ++i) {
    EXPECT_EQ((*form)[i].name, kExpected[i].first);
    EXPECT_EQ((*form)[i].value, kExpected[i].second);
  }
  EXPECT_EQ(*find_field(*form, "a"), "1");
  EXPECT_EQ(find_field(*form, "z"), nullptr);
  EXPECT_TRUE(parse_form("")->empty());
}

TEST(Forms, AMalformedEscapeIsRefusedWithItsPlace) {
  for (const char* text : {"a=1&b=%", "a=1&b=%2", "a=1&%zz=2"}) {
    auto form = parse_form(text);
    ASSERT_FALSE(form) << text;
    EXPECT_EQ(form.error().place.column, 5);
  }
}

TEST(Forms, LimitsAreKept) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "a&";
  EXPECT_TRUE(parse_form(text));
  EXPECT_FALSE(parse_form(text + "a"));
  EXPECT_FALSE(parse_form("abc", {.bytes = 2}));
}

TEST(Forms, WhatIsWrittenReadsBack) {
  const Form form = {{"Action", "Do It"}, {"b&=", "\xC3\xA9+/%"}, {"empty", ""}};
  EXPECT_EQ(write_form(form), "Action=Do%20It&b%26%3D=%C3%A9%2B%2F%25&empty=");
  auto read = parse_form(write_form(form));
  ASSERT_TRUE(read);
  for (size_t i = 0; i < form.size(); ++i) EXPECT_EQ((*read)[i].value, form[i].value);
}

}  // namespace
}  // namespace holm::formats
