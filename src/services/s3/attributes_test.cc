// What is kept of objects in a brief way is what the general way keeps.

#include "services/s3/attributes.h"

#include <gtest/gtest.h>

namespace holm::s3 {

namespace {

std::string written(const HeadObjectOutput& kept) { return aws::write_json(schema::kHeadObjectOutput, &kept); }

const char* const kTypes[] = {"binary/octet-stream",
                              "text/html; charset=utf-8",
                              "multipart/form-data; boundary=\"x\"",
                              "",
                              "a\\b",
                              "\"",
                              "\\",
                              "text/\xc3\xa4",
                              "a\tb",
                              "\x7f",
                              "application/x/y<>&'"};

TEST(Attributes, OfATypeAloneAreWrittenAsAnyOthers) {
  int brief = 0;
  for (const std::string type : kTypes) {
    const std::string general = written({.content_type = type});
    if (const auto text = attributes_of_type(type)) {
      EXPECT_EQ(*text, general);
      EXPECT_EQ(only_type_in(general), type);
      ++brief;
    }
    PutObjectRequest request;
    request.content_type = type;
    EXPECT_EQ(attributes_of(request), general);
  }
  EXPECT_EQ(brief, 3);
  EXPECT_EQ(attributes_of(PutObjectRequest()), written({.content_type = "binary/octet-stream"}));
}

TEST(Attributes, ThatSayMoreAreWrittenWithAllTheySay) {
  PutObjectRequest request;
  request.content_type = "text/plain";
  request.metadata = {{"Color", "red"}};
  request.content_encoding = "aws-chunked,gzip";
  request.cache_control = "no-cache";
  EXPECT_EQ(attributes_of(request), written({.cache_control = "no-cache",
                                             .content_encoding = "gzip",
                                             .content_type = "text/plain",
                                             .metadata = {{"color", "red"}}}));
}

TEST(Attributes, AreReadAsJsonInEveryCase) {
  std::vector<std::string> texts = {"{}",
                                    R"({"Content-Type":"a","Cache-Control":"b"})",
                                    R"( {"Content-Type":"a"} )",
                                    R"({"Content-Type":"a\"b"})",
                                    R"({"Content-Type":"aä"})",
                                    R"({"Cache-Control":"b"})", R"({"Content-Type":null})"};
  for (const std::string type : kTypes) {
    texts.push_back(written({.content_type = type}));
    texts.push_back(written({.content_disposition = "x", .content_type = type, .metadata = {{"k", "v"}}}));
  }
  for (const std::string& text : texts) {
    HeadObjectOutput brief, general;
    read_attributes(text, schema::kHeadObjectOutput, brief);
    ASSERT_TRUE(aws::read_json(text, schema::kHeadObjectOutput, &general).has_value()) << text;
    EXPECT_EQ(brief.content_type, general.content_type) << text;
    EXPECT_EQ(written(brief), written(general)) << text;
  }
  // As much as there is around a type, and no type.
  HeadObjectOutput output;
  EXPECT_FALSE(only_type_in(R"({"Content-Type":"})"));
  EXPECT_FALSE(only_type_in(R"({"Content-Type":","x-amz-meta-":{}})"));
  EXPECT_FALSE(only_type_in(R"({"Content-Type":"a","x-amz-meta-":{"k":"v"}})"));
  EXPECT_FALSE(only_type_in(""));
  EXPECT_THROW(read_attributes(R"({"Content-Type":"})", schema::kHeadObjectOutput, output), InternalFailure);
}

}  // namespace

}  // namespace holm::s3
