// Lines of what an instance wrote.

#include "services/ec2/console_lines.h"

#include <gtest/gtest.h>

namespace holm::ec2 {
namespace {

using Lines = std::vector<std::string>;

TEST(ConsoleLines, AreTakenWithTheirEnds) {
  struct Case {
    const char* what;
    std::string bytes;
    size_t lines_max;
    Rest rest;
    Lines lines;
    size_t consumed;
  };
  const std::string longest(kLineBytesMax, 'x');
  const Case cases[] = {
      {"nothing", "", 9, Rest::Take, {}, 0},
      {"two lines", "one\ntwo\n", 9, Rest::Leave, {"one", "two"}, 8},
      {"a terminal's line ends", "one\r\ntwo\r\n", 9, Rest::Leave, {"one", "two"}, 10},
      {"empty lines count as read", "\n\none\n", 9, Rest::Leave, {"one"}, 6},
      {"a line that goes on", "one\ntw", 9, Rest::Leave, {"one"}, 4},
      {"a line that seems to go on no more", "one\ntw", 9, Rest::Take, {"one", "tw"}, 6},
      {"more lines than asked for", "one\ntwo\n", 1, Rest::Take, {"one"}, 4},
      {"bytes that are no text", "\xFF\n", 9, Rest::Leave, {"\xEF\xBF\xBD"}, 2},
      {"the longest line", longest + "\n", 9, Rest::Leave, {longest}, kLineBytesMax + 1},
      {"the longest line goes on", longest, 9, Rest::Leave, {}, 0},
      {"a line too long", longest + "yz\n", 9, Rest::Leave, {longest, "yz"}, kLineBytesMax + 3},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const ConsoleLines taken = take_lines(c.bytes, c.lines_max, c.rest);
    EXPECT_EQ(taken.lines, c.lines);
    EXPECT_EQ(taken.consumed, c.consumed);
  }
}

}  // namespace
}  // namespace holm::ec2
