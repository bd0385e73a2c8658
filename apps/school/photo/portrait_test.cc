// Portraits: orientation, size, metadata, and files that are not what they say.

#include "photo/portrait.h"

#include <gtest/gtest.h>
#include <vips/vips.h>

#include "photo/function.h"
#include "photo/image_header.h"

namespace school {
namespace {

struct Sample {
  int width = 0;
  int height = 0;
  int orientation = 1;
  const char* suffix = ".jpg";
};

// Left half black, right half noise; with an EXIF orientation and a GPS tag.
std::string make_image(const Sample& sample) {
  VipsImage* noise = nullptr;
  VipsImage* wide = nullptr;
  VipsImage* bytes = nullptr;
  vips_gaussnoise(&noise, sample.width / 2, sample.height, "mean", 128.0, "sigma", 60.0, nullptr);
  vips_embed(noise, &wide, sample.width / 2, 0, sample.width, sample.height, nullptr);
  vips_cast_uchar(wide, &bytes, nullptr);
  VipsImage* image = nullptr;
  vips_copy(bytes, &image, "interpretation", VIPS_INTERPRETATION_B_W, nullptr);
  vips_image_set_int(image, "orientation", sample.orientation);
  vips_image_set_string(image, "exif-ifd3-GPSLatitude", "48/1 8/1 0/1 (48, 8, 0, Rational, 3)");
  void* data = nullptr;
  std::size_t size = 0;
  vips_image_write_to_buffer(image, sample.suffix, &data, &size, nullptr);
  std::string text(static_cast<char*>(data), size);
  g_free(data);
  for (VipsImage* each : {noise, wide, bytes, image}) g_object_unref(each);
  return text;
}

class Portrait : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_imaging("portrait_test")); }
};

TEST_F(Portrait, FitsItsBoundsInEveryFormat) {
  for (const char* suffix : {".jpg", ".png", ".webp"}) {
    SCOPED_TRACE(suffix);
    auto copies = make_copies(make_image({.width = 2400, .height = 1600, .suffix = suffix}));
    ASSERT_TRUE(copies.has_value()) << copies.error().text;
    auto web = read_image_header(copies->web);
    auto thumb = read_image_header(copies->thumb);
    EXPECT_EQ(web->width, 1200);
    EXPECT_EQ(web->height, 800);
    EXPECT_EQ(thumb->width, 300);
    EXPECT_LE(copies->web.size(), kWebBytesMax);
    EXPECT_EQ(web->type, ImageType::Jpeg);
  }
}

TEST_F(Portrait, IsTurnedUprightAndLosesItsMetadata) {
  std::string original = make_image({.width = 800, .height = 400, .orientation = 6});
  ASSERT_NE(original.find("Exif"), std::string::npos);
  auto copies = make_copies(original);
  ASSERT_TRUE(copies.has_value());
  auto header = read_image_header(copies->web);
  EXPECT_EQ(header->width, 400);
  EXPECT_EQ(header->height, 800);
  EXPECT_EQ(copies->web.find("Exif"), std::string::npos);
}

TEST_F(Portrait, ASmallOneIsNotEnlarged) {
  auto copies = make_copies(make_image({.width = 120, .height = 100}));
  ASSERT_TRUE(copies.has_value());
  EXPECT_EQ(read_image_header(copies->web)->width, 120);
}

TEST_F(Portrait, TextNamedAsAPictureIsRefused) {
  auto copies = make_copies("Dear diary, this is no picture at all.");
  ASSERT_FALSE(copies.has_value());
  EXPECT_EQ(copies.error().kind, PortraitProblem::Kind::Refused);
}

TEST_F(Portrait, ABombIsRefusedByItsHeaderAlone) {
  // 33 bytes of PNG that say 60 000 by 60 000.
  std::string bomb("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
                   "\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0\0\0\0\0", 33);
  auto copies = make_copies(bomb);
  ASSERT_FALSE(copies.has_value());
  EXPECT_EQ(copies.error().kind, PortraitProblem::Kind::Refused);
  EXPECT_EQ(copies.error().text, "This picture has more than 50 megapixels.");
}

TEST_F(Portrait, ATruncatedOneIsWorthAnotherTry) {
  std::string original = make_image({.width = 900, .height = 900});
  auto copies = make_copies(std::string_view(original).substr(0, original.size() / 2));
  ASSERT_FALSE(copies.has_value());
  EXPECT_EQ(copies.error().kind, PortraitProblem::Kind::Failed);
}

TEST_F(Portrait, WhatStandsAfterTheEndDoesNotMatter) {
  std::string original = make_image({.width = 200, .height = 200});
  EXPECT_TRUE(make_copies(original + "a film of three seconds").has_value());
}

TEST_F(Portrait, ACutOffPngIsWorthAnotherTry) {
  std::string original = make_image({.width = 300, .height = 300, .suffix = ".png"});
  auto copies = make_copies(std::string_view(original).substr(0, original.size() / 2));
  ASSERT_FALSE(copies.has_value());
  EXPECT_EQ(copies.error().kind, PortraitProblem::Kind::Failed);
}

TEST_F(Portrait, EveryBeginningOfAnImageIsReadWithoutHarm) {
  for (const char* suffix : {".jpg", ".png", ".webp"}) {
    std::string original = make_image({.width = 64, .height = 48, .suffix = suffix});
    auto whole = read_image_header(original);
    ASSERT_TRUE(whole.has_value());
    EXPECT_EQ(whole->width, 64);
    EXPECT_EQ(whole->height, 48);
    for (std::size_t size = 0; size < 200; ++size) {
      auto header = read_image_header(std::string_view(original).substr(0, size));
      if (header) {
        EXPECT_EQ(header->width, 64);
      }
    }
  }
}

TEST(PhotoEvent, KeysAreDecoded) {
  auto uploads = read_event(
      R"({"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},)"
      R"("object":{"key":"source/yearbook/1/2/a+%C3%BC.jpg","eTag":"e"}}}]})");
  ASSERT_TRUE(uploads.has_value());
  ASSERT_EQ(uploads->size(), 1U);
  EXPECT_EQ(uploads->at(0).key, "source/yearbook/1/2/a ü.jpg");
}

TEST(PhotoEvent, OtherShapesAreErrors) {
  EXPECT_FALSE(read_event("").has_value());
  EXPECT_FALSE(read_event("[]").has_value());
  EXPECT_FALSE(read_event(R"({"Records":[{"eventName":"ObjectCreated:Put"}]})").has_value());
  EXPECT_TRUE(read_event(R"({"Records":[{"eventName":"ObjectRemoved:Delete"}]})")->empty());
}

}  // namespace
}  // namespace school
