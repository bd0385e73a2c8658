// What every other folder relies on.

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <set>

#include "base/characters.h"
#include "base/check.h"
#include "base/files.h"
#include "base/page_token.h"
#include "base/random.h"
#include "base/splitting.h"
#include "base/strings.h"
#include "base/time_format.h"
#include "base/trees.h"
#include "base/utf8.h"

namespace holm {
namespace {

TEST(Strings, WildcardsMatchAsInPolicies) {
  struct Row {
    const char *pattern, *text;
    bool matches;
  };
  for (const Row& row : std::initializer_list<Row>{{"*", "", true},
                                                   {"s3:Get*", "s3:GetObject", true},
                                                   {"s3:Get*", "s3:PutObject", false},
                                                   {"a?c", "abc", true},
                                                   {"a?c", "ac", false},
                                                   {"*a*b*", "xxaxxbxx", true},
                                                   {"*ab", "aab", true},
                                                   {"", "a", false}}) {
    EXPECT_EQ(matches_wildcard(row.pattern, row.text), row.matches) << row.pattern << " " << row.text;
  }
}

TEST(Strings, Utf8RefusesOverlongFormsAndSurrogates) {
  EXPECT_TRUE(is_utf8("grüße \xF0\x9F\x98\x80"));
  EXPECT_FALSE(is_utf8("\xC0\x80"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_utf8("\xF5\x80\x80\x80"));
  EXPECT_FALSE(is_utf8("\xE2\x82"));
}

TEST(Strings, BytesBecomeText) {
  EXPECT_EQ(to_utf8("grüße"), "grüße");
  EXPECT_EQ(to_utf8("a\xFFz\xE2\x82"), "a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(to_utf8("\xFF\xF0\x9F\x98\x80"), "\xEF\xBF\xBD\xF0\x9F\x98\x80");
}

TEST(Strings, EncodingsRoundTripEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (size_t cut = 253; cut <= 256; ++cut) {
    std::string part = bytes.substr(0, cut);
    EXPECT_EQ(hex_decode(hex_encode(part)), part);
    EXPECT_EQ(base64_decode(base64_encode(part)), part);
    EXPECT_EQ(percent_decode(percent_encode(part)), part);
  }
  EXPECT_EQ(base64_encode("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(percent_encode("a b/c", Slash::Keep), "a%20b/c");
  EXPECT_EQ(percent_decode("a+b%2B", Plus::Space), "a b+");
  EXPECT_FALSE(percent_decode("%4"));
  EXPECT_FALSE(base64_decode("YW5"));
  EXPECT_FALSE(base64_decode("YW5*"));
  EXPECT_FALSE(hex_decode("0g"));
}

TEST(Splitting, GivesWhatSplitDoes) {
  for (const char* text : {"", ",", "a", "a,", ",a", "a,,b", "a,b,c,", "longer text, with spaces ,x"}) {
    std::vector<std::string_view> parts;
    Splitting rest(text, ',');
    while (const auto part = rest.next()) parts.push_back(*part);
    EXPECT_EQ(parts, split(text, ',')) << text;
    EXPECT_FALSE(rest.next()) << text;
  }
}

TEST(Strings, PartsAndNumbers) {
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(replace_all("aXbX", "X", "--"), "a--b--");
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_FALSE(parse_integer("12x"));
  EXPECT_FALSE(parse_integer("99999999999999999999"));
  EXPECT_TRUE(equals_ignoring_case("Content-Type", "content-type"));
  EXPECT_TRUE(equals_ignoring_case("X-FORWARDED-FOR-LONG", "x-Forwarded-for-long"));
  // Differ in the bit of the case alone, and are no letters; early and late.
  EXPECT_FALSE(equals_ignoring_case("[0123456789", "{0123456789"));
  EXPECT_FALSE(equals_ignoring_case("0123456789@", "0123456789`"));
  EXPECT_FALSE(equals_ignoring_case("0123456789a", "0123456789b"));
}

TEST(Text, IsEqualIgnoringTheCaseOfLettersOnlyWhereverTheyStand) {
  for (size_t size = 1; size <= 20; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string one(size, 'x'), other(size, 'X');
      for (int a = 0; a < 256; ++a) {
        one[at] = static_cast<char>(a);
        for (const int b : {a, a ^ 0x20, a ^ 1, a ^ 0x80}) {
          other[at] = static_cast<char>(b);
          ASSERT_EQ(equals_ignoring_case(one, other), to_lower(one) == to_lower(other))
              << size << " " << at << " " << a << " " << b;
        }
      }
    }
  }
}

TEST(TimeFormat, WritesAndReadsWhatAwsWrites) {
  Time time = from_milliseconds(1'790'000'000'123);
  EXPECT_EQ(iso8601(time), "2026-09-21T14:13:20Z");
  EXPECT_EQ(iso8601_milliseconds(time), "2026-09-21T14:13:20.123Z");
  EXPECT_EQ(http_date(time), "Mon, 21 Sep 2026 14:13:20 GMT");
  EXPECT_EQ(compact_date_time(time), "20260921T141320Z");
  Time whole = from_milliseconds(1'790'000'000'000);
  EXPECT_EQ(parse_iso8601(iso8601_milliseconds(time)), time);
  EXPECT_EQ(parse_iso8601("2026-09-21T16:13:20+02:00"), whole);
  EXPECT_EQ(parse_http_date(http_date(time)), whole);
  EXPECT_EQ(parse_compact_date_time(compact_date_time(time)), whole);
}

TEST(TimeFormat, RefusesWhatIsNotATime) {
  for (const char* text : {"", "2026", "2026-13-01", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z",
                           "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
  EXPECT_FALSE(parse_http_date("Mon, 21 Foo 2026 14:13:20 GMT"));
  EXPECT_FALSE(parse_compact_date_time("20260921T1413Z"));
}

TEST(Random, EveryCharacterIsAsLikely) {
  SystemRandom random;
  constexpr size_t kCount = 62'000;
  std::map<char, size_t> seen;
  for (char c : random.alphanumeric(kCount)) ++seen[c];
  EXPECT_EQ(seen.size(), 62u);
  // A thousand of each but for chance, of which ten deviations are never seen.
  for (const auto& [c, times] : seen) EXPECT_NEAR(static_cast<double>(times), 1000, 320) << c;
}

TEST(Random, IdentifiersDifferAndHaveTheirForm) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.hex(17));
  EXPECT_EQ(seen.size(), 1000u);
  std::string id = random.uuid();
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(id[14], '4');
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random.below(7), 7u);
}

TEST(PageTokens, AreReadBackAndToldFromOtherTexts) {
  for (const char* position : {"", "a", "key/with\xff bytes"}) {
    EXPECT_EQ(read_page_token(make_page_token(position)), position);
  }
  std::string altered = make_page_token("position");
  altered[3] = altered[3] == 'A' ? 'B' : 'A';
  for (const std::string& text : {std::string(), std::string("*"), std::string("bm9uc2Vuc2U="), altered}) {
    EXPECT_EQ(read_page_token(text), std::nullopt) << text;
  }
}

TEST(Files, AreReplacedWholeAndMadeWithTheirFolders) {
  std::string folder = testing::TempDir() + "holm-files-" + std::to_string(::getpid()) + "/a/b";
  ASSERT_TRUE(make_directories(folder));
  ASSERT_TRUE(make_directories(folder));
  ASSERT_TRUE(write_file_durably(folder + "/x", "one"));
  ASSERT_TRUE(write_file_durably(folder + "/x", "two"));
  EXPECT_EQ(read_file(folder + "/x").value(), "two");
  EXPECT_FALSE(read_file(folder + "/none"));
}

TEST(Files, FoldersAreRenamedWithWhatIsInThem) {
  const std::string folder = testing::TempDir() + "holm-trees-" + std::to_string(::getpid());
  ASSERT_TRUE(make_directories(folder + "/half/a"));
  ASSERT_TRUE(write_file_volatile(folder + "/half/a/x", "one"));
  ASSERT_TRUE(rename_tree_durably(folder + "/half", folder + "/whole"));
  EXPECT_EQ(read_file(folder + "/whole/a/x").value(), "one");
  EXPECT_FALSE(rename_tree_durably(folder + "/half", folder + "/whole"));
}

TEST(Check, ThrowsWithItsPlace) {
  try {
    CHECK(1 + 1 == 3);
    FAIL() << "CHECK let a false condition pass";
  } catch (const InternalFailure& failure) {
    EXPECT_NE(std::string(failure.what()).find("base_test.cc"), std::string::npos);
  }
}

TEST(Characters, OfNames) {
  EXPECT_TRUE(is_alphanumeric("aZ09"));
  EXPECT_TRUE(is_alphanumeric("a-b.c", ".-"));
  EXPECT_TRUE(is_alphanumeric(""));
  for (const char* text : {"a b", "a-b", "@", "[", "`", "{", "/", ":", "\xc3\xa9"}) {
    EXPECT_FALSE(is_alphanumeric(text)) << text;
  }
  EXPECT_FALSE(is_alphanumeric(std::string_view("a\0", 2), "-"));
  EXPECT_TRUE(is_letter('z') && is_letter('A') && !is_letter('0') && !is_letter('_'));
}

}  // namespace
}  // namespace holm
