// Lists in one header.

#include "aws/protocol/header_lists.h"

#include <gtest/gtest.h>

namespace holm::aws {
namespace {

using Items = std::vector<std::string>;

TEST(HeaderLists, AreSplitAtCommasOutsideOfQuotes) {
  EXPECT_EQ(split_header_list("a, b ,c"), (Items{"a", "b", "c"}));
  EXPECT_EQ(split_header_list(R"("b,c", "\"def\"", a)"), (Items{"b,c", "\"def\"", "a"}));
  EXPECT_EQ(split_header_list(""), Items{});
  EXPECT_EQ(split_header_list(R"("never closed)"), Items{"never closed"});
}

TEST(HeaderLists, KeepTheCommaOfDates) {
  EXPECT_EQ(split_header_dates("Mon, 16 Dec 2019 23:48:18 GMT, Tue, 17 Dec 2019 23:48:18 GMT"),
            (Items{"Mon, 16 Dec 2019 23:48:18 GMT", "Tue, 17 Dec 2019 23:48:18 GMT"}));
}

TEST(HeaderLists, ReadBackWhatWasQuoted) {
  for (const char* item : {"plain", "with,comma", "with \"quotes\"", "back\\slash,"}) {
    EXPECT_EQ(split_header_list(quote_header_item(item)), Items{item});
  }
}

}  // namespace
}  // namespace holm::aws
