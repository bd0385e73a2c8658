// The codecs against what clients may get wrong, and against each other: what is written reads
// back.

#include <gtest/gtest.h>

#include "aws/codec/cbor_codec.h"
#include "aws/codec/form_codec.h"
#include "aws/codec/json_codec.h"
#include "aws/codec/test_shapes.h"
#include "aws/codec/xml_codec.h"
#include "formats/form.h"
#include "formats/value.h"
#include "formats/xml.h"

namespace holm::aws {
namespace {

using test::Everything;
using test::kEverything;

// What the reader says: the input as JSON, or the error.
std::string outcome(const CodecResult& result, const Everything& value) {
  return result ? write_json(kEverything, &value) : "! " + result.error().describe();
}

std::string from_json(std::string_view text) {
  Everything value;
  auto result = read_json(text, kEverything, &value);
  return outcome(result, value);
}

std::string from_form(std::string_view text, FormDialect dialect) {
  Everything value;
  auto form = formats::parse_form(text);
  auto result = read_form(*form, dialect, kEverything, &value);
  return outcome(result, value);
}

std::string from_xml(std::string_view text) {
  Everything value;
  auto result = read_xml(formats::parse_xml(text).value(), kEverything, &value);
  return outcome(result, value);
}

struct Case {
  const char* what;
  const char* text;
  const char* result;
};

constexpr Case kJson[] = {
    {"nothing", "{}", "{}"},
    {"unknown members are ignored", R"({"other":{"a":[1]},"count":1})", R"({"count":1})"},
    {"null is absent", R"({"count":null,"names":null})", "{}"},
    {"nulls in lists are dropped", R"({"names":["a",null,"b"]})", R"({"names":["a","b"]})"},
    {"nulls in maps are dropped", R"({"counts":{"a":null,"b":2}})", R"({"counts":{"b":2}})"},
    {"whole numbers may have a fraction of zero", R"({"count":3.0})", R"({"count":3})"},
    {"a fraction is no integer", R"({"count":3.5})", "! count: A whole number is expected."},
    {"text is no number", R"({"count":"3"})", "! count: A whole number is expected."},
    {"32 bits", R"({"count":2147483648})", "! count: The number does not fit into 32 bits."},
    {"64 bits", R"({"size":9223372036854775807})", R"({"size":9223372036854775807})"},
    {"beyond 64 bits", R"({"size":9223372036854775808})", "! size: A whole number is expected."},
    {"a number is no text", R"({"name":3})", "! name: A string is expected."},
    {"text is no flag", R"({"flag":"true"})", "! flag: true or false is expected."},
    {"not a number", R"({"ratio":"NaN"})", R"({"ratio":"NaN"})"},
    {"other text is no number", R"({"ratio":"1"})", "! ratio: A number is expected."},
    {"base64", R"({"data":"aGk="})", R"({"data":"aGk="})"},
    {"no base64", R"({"data":"*"})", "! data: Bytes in base64 are expected."},
    {"milliseconds", R"({"at":1500000000.123})", R"({"at":1500000000.123})"},
    {"a time is no text", R"({"at":"2020-01-01T00:00:00Z"})", "! at: A timestamp is expected."},
    {"a time out of all years", R"({"at":1e300})", "! at: A timestamp is expected."},
    {"the place of what is wrong", R"({"inner":{"inner":{"names":["a",1]}}})",
     "! inner.inner.names[1]: A string is expected."},
    {"the key of what is wrong", R"({"counts":{"k":"x"}})",
     "! counts.k: A whole number is expected."},
    {"a list is no structure", "[]", "! An object is expected."},
    {"documents are kept", R"({"document":{"a":[1,null,"x"]}})",
     R"({"document":{"a":[1,null,"x"]}})"},
};

TEST(JsonCodec, ReadsStrictly) {
  for (const Case& c : kJson) EXPECT_EQ(from_json(c.text), c.result) << c.what;
}

TEST(JsonCodec, BoundsTheDepthOfRecursiveShapes) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += R"({"inner":)";
  EXPECT_TRUE(from_json(text).starts_with("! The JSON is malformed"));
}

constexpr Case kQuery[] = {
    {"simple values", "name=a&count=3&flag=true", R"({"flag":true,"count":3,"name":"a"})"},
    {"items in the order of their numbers", "names.member.10=c&names.member.2=b&names.member.1=a",
     R"({"names":["a","b","c"]})"},
    {"a huge number takes no room", "names.member.999999999999=a", R"({"names":["a"]})"},
    {"an empty list", "names=", R"({"names":[]})"},
    {"a flattened list", "flat.1=a&flat.2=b", R"({"flat":["a","b"]})"},
    {"a map", "counts.entry.1.key=a&counts.entry.1.value=1", R"({"counts":{"a":1}})"},
    {"an entry without a key", "counts.entry.1.value=1", "! counts[1]: An entry without its key."},
    {"nested", "inner.inner.name=x", R"({"inner":{"inner":{"name":"x"}}})"},
    {"the first of several counts", "name=a&name=b", R"({"name":"a"})"},
    {"no number", "count=x", "! count: A whole number is expected."},
    {"no list", "names=x", "! names: A list is expected, with items named like member.1."},
    {"no item", "names.member.x=1", "! names: A number is expected after the name of a list."},
    {"a part of text", "name.1=x", "! name: A value is expected, not parts of one."},
    {"unknown fields", "Action=Do&Version=1&other.1=2", "{}"},
};

TEST(FormCodec, ReadsTheQueryDialect) {
  for (const Case& c : kQuery) EXPECT_EQ(from_form(c.text, FormDialect::Query), c.result) << c.what;
}

TEST(FormCodec, ReadsTheEc2Dialect) {
  EXPECT_EQ(from_form("Names.1=a&Names.2=b&Inner.Count=4", FormDialect::Ec2),
            R"({"names":["a","b"],"inner":{"count":4}})");
  EXPECT_EQ(from_form("names.1=a", FormDialect::Ec2), "{}");
}

TEST(FormCodec, BoundsTheDepth) {
  std::string text = "inner";
  for (int i = 0; i < 1000; ++i) text += ".inner";
  EXPECT_EQ(from_form(text + "=x", FormDialect::Query), "! A field is nested too deeply.");
}

constexpr Case kXml[] = {
    {"simple values", "<R><name> a </name><count> 3 </count></R>", R"({"count":3,"name":" a "})"},
    {"lists", "<R><names><member>a</member><other/><member/></names></R>", R"({"names":["a",""]})"},
    {"an empty list", "<R><names/></R>", R"({"names":[]})"},
    {"flattened lists", "<R><flat>a</flat><name>x</name><flat>b</flat></R>",
     R"({"name":"x","flat":["a","b"]})"},
    {"maps", "<R><counts><entry><key>a</key><value>1</value></entry></counts></R>",
     R"({"counts":{"a":1}})"},
    {"an entry without a key", "<R><counts><entry/></counts></R>",
     "! counts: An entry without its key."},
    {"elements in place of text", "<R><name><b/></name></R>",
     "! name: Text is expected, not elements."},
    {"a time", "<R><at>2020-01-01T01:00:00+01:00</at></R>", R"({"at":1577836800})"},
    {"no time", "<R><at>yesterday</at></R>", "! at: A timestamp is expected."},
    {"the place of what is wrong", "<R><inner><count>x</count></inner></R>",
     "! inner.count: A whole number is expected."},
};

TEST(XmlCodec, ReadsStrictly) {
  for (const Case& c : kXml) EXPECT_EQ(from_xml(c.text), c.result) << c.what;
}

struct Grantee {
  std::optional<std::string> type;
};
struct Grant {
  std::optional<Grantee> grantee;
};
const Member kGranteeMembers[] = {{.name = "Type",
                                   .wire_name = "xsi:type",
                                   .shape = &test::kString,
                                   .ops = &FieldOf<std::optional<std::string>>::ops,
                                   .is_xml_attribute = true}};
const Shape kGrantee{.kind = Kind::Structure,
                     .name = "Grantee",
                     .members = kGranteeMembers,
                     .xml_namespace = "http://xsi"};
const Member kGrantMembers[] = {{.name = "Grantee",
                                 .wire_name = "Grantee",
                                 .shape = &kGrantee,
                                 .ops = &FieldOf<std::optional<Grantee>>::ops}};
const Shape kGrant{.kind = Kind::Structure, .name = "Grant", .members = kGrantMembers};

TEST(XmlCodec, DeclaresThePrefixOfAnAttributeAndReadsAnyPrefix) {
  Grant grant{Grantee{"CanonicalUser"}};
  formats::XmlWriter writer;
  writer.open("Grant");
  write_xml(writer, kGrant, &grant);
  writer.close();
  EXPECT_EQ(writer.take(),
            R"(<Grant><Grantee xmlns:xsi="http://xsi" xsi:type="CanonicalUser"/></Grant>)");
  Grant read;
  auto root = formats::parse_xml(R"(<G><Grantee xmlns:i="http://xsi" i:type="Group"/></G>)");
  ASSERT_TRUE(read_xml(root.value(), kGrant, &read));
  EXPECT_EQ(read.grantee->type, "Group");
}

constexpr std::string_view kFull =
    R"({"flag":true,"count":-1,"size":5,"ratio":0.5,"name":"<a&b>","data":"AAE=","at":1.5,)"
    R"("names":["x",""],"flat":["y"],"counts":{"k":1},"inner":{"name":"deep"}})";

TEST(Codecs, ReadBackWhatTheyWrote) {
  Everything value;
  ASSERT_TRUE(read_json(kFull, kEverything, &value));
  EXPECT_EQ(write_json(kEverything, &value), kFull);
  Everything from_cbor;
  ASSERT_TRUE(read_cbor(write_cbor(kEverything, &value), kEverything, &from_cbor));
  EXPECT_EQ(write_json(kEverything, &from_cbor), kFull);
  formats::XmlWriter writer;
  writer.open("R");
  write_xml(writer, kEverything, &value);
  writer.close();
  EXPECT_EQ(from_xml(writer.take()), kFull);
}

TEST(KeptJson, HasTheModelsNamesSoThatAnotherShapeReadsIt) {
  Grant grant{Grantee{"CanonicalUser"}};
  EXPECT_EQ(write_json(kGrant, &grant), R"({"Grantee":{"xsi:type":"CanonicalUser"}})");
  const std::string kept = write_kept_json(kGrant, &grant);
  EXPECT_EQ(kept, R"({"Grantee":{"Type":"CanonicalUser"}})");
  Grant read;
  ASSERT_TRUE(read_kept_json(kept, kGrant, &read));
  EXPECT_EQ(read.grantee->type, "CanonicalUser");
}

TEST(CborCodec, RefusesTextWhereBytesAreExpected) {
  Everything value;
  // {"data": "x"} and {"at": 1}, the latter without its tag.
  EXPECT_FALSE(
      read_cbor("\xA1\x64"
                "data"
                "\x61x",
                kEverything, &value));
  EXPECT_FALSE(
      read_cbor("\xA1\x62"
                "at"
                "\x01",
                kEverything, &value));
}

}  // namespace
}  // namespace holm::aws
