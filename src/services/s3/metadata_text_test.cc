// User metadata that is more than ASCII.

#include "services/s3/metadata_text.h"

#include <gtest/gtest.h>

namespace holm::s3 {

namespace {

struct Case {
  const char* what;
  std::string header, text;
};

// As AWS answered.
const Case kBothWays[] = {
    {"ASCII stands for itself", "! \"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\t", "! \"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\t"},
    {"mostly ASCII", "=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?=", "ÄMÄZÕÑ S3"},
    {"what has a meaning in words",
     "=?UTF-8?Q?test=5F=E2=80=94=5Ffile%E2%80%94=5F=C3=A9=5F2=F0=9F=91=91.pdf?=", "test_—_file%E2%80%94_é_2👑.pdf"},
    {"mostly not", "=?UTF-8?B?w4TDlg==?=", "ÄÖ"},
};

TEST(MetadataText, TravelsInWords) {
  for (const Case& c : kBothWays) {
    EXPECT_EQ(read_metadata_text(c.header), c.text) << c.what;
    EXPECT_EQ(write_metadata_text(c.text), c.header) << c.what;
  }
}

const Case kRead[] = {
    {"words of ASCII", "=?UTF-8?Q?actually-ascii?=", "actually-ascii"},
    {"base64 of ASCII", "=?utf-8?b?YWJj?=", "abc"},
    {"two words", "=?UTF-8?B?YWJj?= =?UTF-8?Q?d=65f?=", "abcdef"},
    {"words in a text", "a =?UTF-8?Q?b?= c", "a b c"},
    {"no base64", "=?UTF-8?B?=GGG?=", "=?UTF-8?B?=GGG?="},
    {"no hexadecimal digits", "=?UTF-8?Q?=G0?=", "=?UTF-8?Q?=G0?="},
    {"half a byte", "=?UTF-8?Q?=4?=", "=?UTF-8?Q?=4?="},
    {"no UTF-8", "=?UTF-8?Q?=C3?=", "=?UTF-8?Q?=C3?="},
    {"another alphabet", "=?KOI8-R?Q?x?=", "=?KOI8-R?Q?x?="},
    {"another line", "=?UTF-8?Q?a=0D=0Ab?=", "=?UTF-8?Q?a=0D=0Ab?="},
    {"without an end", "=?UTF-8?Q?a", "=?UTF-8?Q?a"},
    {"a question", "=?", "=?"},
};

TEST(MetadataText, ThatIsNoWordIsLeftAsItIs) {
  for (const Case& c : kRead) EXPECT_EQ(read_metadata_text(c.header), c.text) << c.what;
  EXPECT_EQ(write_metadata_text("\xc3("), "\xc3(") << "no UTF-8";
}

}  // namespace

}  // namespace holm::s3
