// XML: reading trees, refusing what is dangerous, writing.

#include "formats/xml.h"

#include <gtest/gtest.h>

#include "base/check.h"

namespace holm::formats {
namespace {

TEST(Xml, ElementsAttributesAndTextAreRead) {
  auto root = parse_xml(
      "<?xml version=\"1.0\"?><s:a xmlns:s=\"urn:s\" xmlns=\"urn:d\" b=\"1 &amp; "
      "2\">x<c/>y&#33;<![CDATA[<z>]]>"
      "<c xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"T\">t</c></s:a>");
  ASSERT_TRUE(root) << root.error().describe();
  EXPECT_EQ(root->name, "a");
  EXPECT_EQ(root->text, "xy!<z>");
  ASSERT_EQ(root->attributes.size(), 1u);
  EXPECT_EQ(root->attributes[0].name, "b");
  EXPECT_EQ(root->attributes[0].value, "1 & 2");
  ASSERT_EQ(root->children.size(), 2u);
  EXPECT_EQ(root->find("c"), &root->children[0]);
  EXPECT_EQ(root->find("d"), nullptr);
  EXPECT_EQ(root->children[1].text, "t");
  EXPECT_EQ(root->children[1].attributes.at(0).name, "xsi:type");
}

TEST(Xml, WhatIsNoXmlIsRefusedWithItsPlace) {
  struct Case {
    const char* what;
    std::string_view text;
    int line;
  };
  const Case kCases[] = {
      {"nothing", "", 1},
      {"text without an element", "hello", 1},
      {"an open element", "<a>\n<b>", 2},
      {"elements that cross", "<a>\n\n<b></a></b>", 3},
      {"two roots", "<a/>\n<b/>", 2},
      {"a prefix nobody declared", "<x:a/>", 1},
      {"an entity nobody declared", "<a>&b;</a>", 1},
      {"a document type", "<!DOCTYPE a>\n<a/>", 1},
      {"entities that multiply",
       "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>", 1},
      {"an external entity", "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
       1},
      {"an unknown encoding", "<?xml version=\"1.0\" encoding=\"x-odd\"?><a/>", 1},
      {"bytes that are not UTF-8", "<a>\xFF</a>", 1},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    auto root = parse_xml(c.text);
    ASSERT_FALSE(root);
    EXPECT_EQ(root.error().place.line, c.line) << root.error().describe();
  }
}

TEST(Xml, LimitsAreKept) {
  auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<a>";
    for (int i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_TRUE(parse_xml(nested(128)));
  EXPECT_FALSE(parse_xml(nested(129)));
  EXPECT_FALSE(parse_xml(nested(100'000)));
  EXPECT_FALSE(parse_xml("<a/>", {.bytes = 3}));
  EXPECT_FALSE(parse_xml("<a><b/><b/></a>", {.values = 2}));
  EXPECT_FALSE(parse_xml("<a b='' c=''/>", {.values = 2}));
  EXPECT_TRUE(parse_xml("<a><b/><b/></a>", {.values = 3}));
}

TEST(Xml, TextLongerThanAChunkIsReadWhole) {
  const std::string text(3u << 20, 'x');
  auto root = parse_xml("<a>" + text + "</a>");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->text, text);
}

TEST(Xml, WhatIsWrittenReadsBack) {
  XmlWriter writer(XmlWriter::Declaration::Write);
  writer.open("Root", "http://s3.amazonaws.com/doc/2006-03-01/");
  writer.open("Grantee", "http://www.w3.org/2001/XMLSchema-instance", "xsi");
  writer.attribute("xsi:type", "A\"<\n");
  writer.close();
  writer.element("Key", "a & <b>\r\n\"");
  writer.element("Empty", "");
  writer.close();
  const std::string text = writer.take();
  EXPECT_EQ(text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<Root xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
            "xsi:type=\"A&quot;&lt;&#xA;\"/>"
            "<Key>a &amp; &lt;b&gt;&#xD;\n&quot;</Key><Empty/></Root>");
  auto root = parse_xml(text);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("Key")->text, "a & <b>\r\n\"");
  EXPECT_EQ(root->children[0].attributes.at(0).value, "A\"<\n");
}

TEST(Xml, ADocumentThatIsNotClosedIsABug) {
  XmlWriter writer;
  writer.open("a");
  EXPECT_THROW(writer.take(), InternalFailure);
  EXPECT_THROW(XmlWriter().close(), InternalFailure);
}

}  // namespace
}  // namespace holm::formats
