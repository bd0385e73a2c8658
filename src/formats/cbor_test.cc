// CBOR: the examples of RFC 8949, appendix A, and what is refused.

#include "formats/cbor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/strings.h"
#include "formats/json.h"

namespace holm::formats {
namespace {

TEST(Cbor, TheExamplesOfTheStandardAreRead) {
  struct Case {
    const char* hex;
    const char* json;
  };
  const Case kCases[] = {
      {"00", "0"},
      {"17", "23"},
      {"1818", "24"},
      {"1903e8", "1000"},
      {"1a000f4240", "1000000"},
      {"1bffffffffffffffff", "18446744073709551615"},
      {"20", "-1"},
      {"3863", "-100"},
      {"3bffffffffffffffff", "-18446744073709551616"},
      {"3b7fffffffffffffff", "-9223372036854775808"},
      {"3b8000000000000000", "-9223372036854775809"},
      {"f90000", "0"},
      {"f98000", "-0"},
      {"f93e00", "1.5"},
      {"f97bff", "65504"},
      {"f90001", "5.960464477539063e-08"},
      {"f9c400", "-4"},
      {"fa47c35000", "100000"},
      {"fb3ff199999999999a", "1.1"},
      {"f97c00", "\"Infinity\""},
      {"f97e00", "\"NaN\""},
      {"fbfff0000000000000", "\"-Infinity\""},
      {"f4", "false"},
      {"f5", "true"},
      {"f6", "null"},
      {"f7", "null"},
      {"40", "\"\""},
      {"4401020304", "\"AQIDBA==\""},
      {"60", "\"\""},
      {"6161", "\"a\""},
      {"62c3bc", "\"\xC3\xBC\""},
      {"80", "[]"},
      {"83010203", "[1,2,3]"},
      {"a0", "{}"},
      {"a26161016162820203", R"({"a":1,"b":[2,3]})"},
      {"5f42010243030405ff", "\"AQIDBAU=\""},
      {"7f657374726561646d696e67ff", "\"streaming\""},
      {"9fff", "[]"},
      {"9f018202039f0405ffff", "[1,[2,3],[4,5]]"},
      {"bf61610161629f0203ffff", R"({"a":1,"b":[2,3]})"},
      {"c11a514b67b0", "1363896240"},
      {"c1fb41d452d9ec200000", "1363896240.5"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.hex);
    auto value = parse_cbor(*hex_decode(c.hex));
    ASSERT_TRUE(value) << value.error().describe();
    EXPECT_EQ(write_json(*value), c.json);
  }
}

TEST(Cbor, WhatIsMalformedIsRefused) {
  struct Case {
    const char* what;
    const char* hex;
  };
  const Case kCases[] = {
      {"nothing", ""},
      {"a number cut short", "19 03"},
      {"a text cut short", "62 61"},
      {"a text longer than memory", "7b ff ff ff ff ff ff ff ff"},
      {"an array that promises more", "9b ff ff ff ff ff ff ff ff 01"},
      {"an array without its end", "9f 01"},
      {"a map without a value", "a1 61 61"},
      {"a map with a number as a name", "a1 01 02"},
      {"a map with a name twice", "a2 61 61 01 61 61 02"},
      {"a break alone", "ff"},
      {"a break as a value in a map", "bf 61 61 ff"},
      {"a number without length", "1f"},
      {"a tag without length", "df 01"},
      {"a reserved length", "1c"},
      {"a piece of another type", "7f 41 61 ff"},
      {"a piece within a piece", "7f 7f 61 61 ff ff"},
      {"a text that is not UTF-8", "61 ff"},
      {"a second value", "01 02"},
      {"a big number", "c2 49 01 00 00 00 00 00 00 00 00"},
      {"a time that is a text", "c1 61 61"},
      {"a time that is not finite", "c1 f9 7c 00"},
      {"an unknown simple value", "f0"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    auto value = parse_cbor(*hex_decode(replace_all(c.hex, " ", "")));
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().place.line, 1);
  }
}

TEST(Cbor, WhatIsWrittenReadsBack) {
  const char* const kTexts[] = {
      "null",
      "[true,false]",
      "0",
      "23",
      "24",
      "255",
      "256",
      "65535",
      "65536",
      "4294967296",
      "-1",
      "-25",
      "9223372036854775807",
      "-9223372036854775808",
      "1.5",
      "0.1",
      "1e300",
      "\"\"",
      R"({"a":[1,{"b":"c"}],"d":null})",
  };
  for (const char* text : kTexts) {
    SCOPED_TRACE(text);
    auto value = parse_json(text);
    auto again = parse_cbor(write_cbor(*value));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, *value);
  }
  Value bytes;
  bytes.data = Bytes{std::string("\0\xFF", 2)};
  EXPECT_EQ(parse_cbor(write_cbor(bytes)), bytes);
  for (double seconds : {1763695200.0, 1763695200.123, -1.5}) {
    Value time;
    time.data = EpochSeconds{seconds};
    EXPECT_EQ(parse_cbor(write_cbor(time)), time);
  }
  EXPECT_TRUE(std::isnan(*parse_cbor(write_cbor(Value(NAN)))->as_number()));
}

TEST(Cbor, TheShortestFormIsWritten) {
  EXPECT_EQ(hex_encode(write_cbor(Value(23))), "17");
  EXPECT_EQ(hex_encode(write_cbor(Value(24))), "1818");
  EXPECT_EQ(hex_encode(write_cbor(Value(-500))), "3901f3");
  EXPECT_EQ(hex_encode(write_cbor(Value(1.5))), "fa3fc00000");
  EXPECT_EQ(hex_encode(write_cbor(Value(1.1))), "fb3ff199999999999a");
}

TEST(Cbor, LimitsAreKept) {
  EXPECT_TRUE(parse_cbor(std::string(127, '\x81') + "\x80"));
  EXPECT_FALSE(parse_cbor(std::string(128, '\x81') + "\x80"));
  EXPECT_FALSE(parse_cbor(std::string(1'000'000, '\x9F')));
  EXPECT_FALSE(parse_cbor(std::string(1'000'000, '\xC1')));
  EXPECT_FALSE(parse_cbor("\x82\x01\x02", {.values = 2}));
  EXPECT_FALSE(parse_cbor("\x82\x01\x02", {.bytes = 2}));
}

}  // namespace
}  // namespace holm::formats
