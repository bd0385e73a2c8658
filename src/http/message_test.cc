// Lists of headers: what is found, what changes, and how long views of them live.

#include "http/message.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "http/head_parser.h"
#include "http/response_head.h"

namespace holm::http {

namespace {

std::string text_of(const Headers& headers) {
  std::string text;
  for (const Header& each : headers) append_header(text, each.name, each.value);
  return text;
}

Headers parsed(std::string_view head) {
  HeadParser parser(HeadKind::Request, HeadLimits());
  EXPECT_EQ(parser.parse(head), HeadState::Complete);
  return headers_of(parser.head());
}

}  // namespace

TEST(Headers, AreFoundIgnoringCaseAndKeepTheirOrder) {
  Headers headers = {{"Accept", "a"}, {"ETag", ""}, {"accept", "b"}};
  EXPECT_EQ(headers.find("ACCEPT"), "a");
  EXPECT_EQ(headers.find("etag"), "");
  EXPECT_EQ(headers.find("host"), std::nullopt);
  EXPECT_EQ(headers.all("Accept"), (std::vector<std::string_view>{"a", "b"}));
  headers.set("Accept", "c");
  EXPECT_EQ(text_of(headers), "ETag: \r\nAccept: c\r\n");
  headers.remove("ETAG");
  EXPECT_EQ(headers, (Headers{{"Accept", "c"}}));
  EXPECT_NE(headers, (Headers{{"accept", "c"}}));
}

TEST(Headers, TakeValuesOfTheirOwn) {
  Headers headers = {{"First", "of the list itself"}};
  for (int i = 0; i < 100; ++i) {
    headers.add(headers.all("first").back().substr(0, 5), headers.get("First"));
  }
  headers.set("First", headers.get("first"));
  EXPECT_EQ(headers.get("First"), "of the list itself");
  EXPECT_EQ(headers.size(), 101u);
}

TEST(Headers, KeepTheirPlaceWhenTheListIsMoved) {
  Headers headers = {{"a", "b"}};
  const std::string_view value = headers.get("a");
  Headers moved = std::move(headers);
  Headers copied = moved;
  moved.remove("a");
  EXPECT_EQ(value, "b");
  EXPECT_EQ(copied.get("a"), "b");
}

TEST(Headers, OfAHeadAreCopiedAtOnce) {
  std::string head = "GET / HTTP/1.1\r\nHost:  here \r\nEmpty:\r\nLast: x\r\n\r\n";
  Headers headers = parsed(head);
  head.assign(head.size(), '-');
  EXPECT_EQ(text_of(headers), "Host: here\r\nEmpty: \r\nLast: x\r\n");
  headers.add("More", "y");
  EXPECT_EQ(text_of(headers), "Host: here\r\nEmpty: \r\nLast: x\r\nMore: y\r\n");
}

TEST(Headers, AreLookedAtBeforeTheyAreSentUnlessTheyWereReadSo) {
  Headers sound = parsed("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(sound.content(), Headers::Content::Sound);
  EXPECT_TRUE(can_be_sent(sound));
  sound.add("Forged", "a\r\nOther: b");
  EXPECT_FALSE(can_be_sent(sound));
  for (const char* odd : {"Host: a\r\n b\r\n", "Host: a\rb\r\n", "Ho st: a\r\n", ": a\r\n", 
                          "Host: a\x01\r\n"}) {
    SCOPED_TRACE(odd);
    const Headers read = parsed(std::string("GET / HTTP/1.1\r\n") + odd + "\r\n");
    EXPECT_EQ(read.content(), Headers::Content::Unknown);
    EXPECT_FALSE(can_be_sent(read));
  }
}

}  // namespace holm::http
