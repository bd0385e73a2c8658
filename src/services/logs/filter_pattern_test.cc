// Patterns as the documentation gives them.

#include "services/logs/filter_pattern.h"

#include <gtest/gtest.h>

namespace holm::logs {
namespace {

TEST(FilterPattern, MatchesTermsAsDocumented) {
  struct Row {
    const char *pattern, *message;
    bool matches;
  };
  const Row rows[] = {
      {"", "anything", true},
      {"ERROR", "[ERROR 400] BAD REQUEST", true},
      {"ERROR", "error", false},
      {"ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", true},
      {"ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", false},
      {"?ERROR ?ARGUMENTS", "INVALID ARGUMENTS", true},
      {"?ERROR ?ARGUMENTS", "fine", false},
      {"\"INTERNAL SERVER ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR", true},
      {"\"INTERNAL ERROR\"", "[ERROR 500] INTERNAL SERVER ERROR", false},
      {"ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", false},
      {"ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", true},
  };
  for (const Row& row : rows) {
    auto pattern = FilterPattern::parse(row.pattern);
    ASSERT_TRUE(pattern) << row.pattern;
    EXPECT_EQ(pattern->matches(row.message), row.matches) << row.pattern << " on " << row.message;
  }
}

TEST(FilterPattern, SaysWhatItDoesNotKnow) {
  for (const char* text : {"{ $.x = %1% }", "[ip, user]", "%err.*%", "\"open"}) {
    EXPECT_FALSE(FilterPattern::parse(text)) << text;
  }
}

}  // namespace
}  // namespace holm::logs
