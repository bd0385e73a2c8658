// Uploads in parts.

#include <gtest/gtest.h>

#include "base/strings.h"
#include "crypto/crc.h"
#include "crypto/hash.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

constexpr size_t kPartBytes = 5 << 20;

class Uploads : public ::testing::Test {
 protected:
  void SetUp() override { s3.create_bucket("bbb"); }

  std::string begin(std::optional<std::string> algorithm = {}, std::optional<std::string> type = {}) {
    const auto output = s3.call<CreateMultipartUpload>({.bucket = "bbb",
                                                        .content_type = "text/plain",
                                                        .key = "k",
                                                        .checksum_algorithm = std::move(algorithm),
                                                        .checksum_type = std::move(type)});
    return *output.upload_id;
  }
  UploadPartRequest part(const std::string& upload, int32_t number, const std::string& content) {
    UploadPartRequest request{.bucket = "bbb", .key = "k", .part_number = number, .upload_id = upload};
    request.body = std::make_shared<async::StringSource>(content);
    return request;
  }
  CompletedPart put(const std::string& upload, int32_t number, const std::string& content) {
    return {.e_tag = s3.call<UploadPart>(part(upload, number, content)).e_tag, .part_number = number};
  }
  CompleteMultipartUploadRequest completion(const std::string& upload, std::vector<CompletedPart> parts) {
    return {.bucket = "bbb",
            .key = "k",
            .multipart_upload = CompletedMultipartUpload{.parts = std::move(parts)},
            .upload_id = upload};
  }

  const std::string one = std::string(kPartBytes, '1');
  const std::string two = std::string(kPartBytes + 1, '2');
  const std::string end = "end";
  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Uploads, BecomeOneObject) {
  const std::string upload = begin();
  std::vector<CompletedPart> parts = {put(upload, 1, one), put(upload, 3, two), put(upload, 7, end)};
  put(upload, 5, std::string(100'000, 'x'));
  EXPECT_EQ(s3.outcome<HeadObject>({.bucket = "bbb", .key = "k"}), "404 NoSuchKey");
  EXPECT_EQ(s3.call<ListParts>({.bucket = "bbb", .key = "k", .upload_id = upload}).parts.size(), 4u);
  const auto done = s3.call<CompleteMultipartUpload>(completion(upload, parts));
  std::string md5s;
  for (const std::string& content : {one, two, end}) md5s += crypto::bytes_of(crypto::md5(content));
  EXPECT_EQ(done.e_tag, "\"" + hex_encode(crypto::bytes_of(crypto::md5(md5s))) + "-3\"");
  EXPECT_EQ(done.checksum_type, "FULL_OBJECT");
  EXPECT_EQ(done.checksum_crc64_nvme,
            base64_encode(crypto::big_endian_bytes(crypto::crc64nvme(one + two + end))));
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "k"}), one + two + end);
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "k", .part_number = 3}), end);
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "k", .range = "bytes=5242879-5242880"}), "12");
  EXPECT_EQ(s3.blob_count(), 2u) << "a part that is not named is gone";
  const auto again = s3.call<CompleteMultipartUpload>(completion(upload, parts));
  EXPECT_EQ(again.e_tag, done.e_tag) << "completing twice answers the same";
  const auto head = s3.call<HeadObject>({.bucket = "bbb", .key = "k", .part_number = 1});
  EXPECT_EQ(head.parts_count, 3);
  EXPECT_EQ(head.content_type, "text/plain");
  s3.call<DeleteObject>({.bucket = "bbb", .key = "k"});
  EXPECT_EQ(s3.blob_count(), 0u);
}

TEST_F(Uploads, HaveCompositeChecksumsWhereAskedFor) {
  const std::string upload = begin("SHA256");
  UploadPartRequest request = part(upload, 1, one);
  request.checksum_sha256 = base64_encode(crypto::bytes_of(crypto::sha256(one)));
  const CompletedPart first{.e_tag = s3.call<UploadPart>(request).e_tag, .part_number = 1};
  const CompletedPart last = put(upload, 2, end);
  const auto done = s3.call<CompleteMultipartUpload>(completion(upload, {first, last}));
  std::string digests(crypto::bytes_of(crypto::sha256(one)));
  digests += crypto::bytes_of(crypto::sha256(end));
  EXPECT_EQ(done.checksum_sha256, base64_encode(crypto::bytes_of(crypto::sha256(digests))) + "-2");
  EXPECT_EQ(done.checksum_type, "COMPOSITE");
}

TEST_F(Uploads, HaveNoWholeChecksumThatPartsDoNotAddUpTo) {
  for (const char* algorithm : {"SHA1", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"}) {
    SCOPED_TRACE(algorithm);
    EXPECT_EQ(s3.outcome<CreateMultipartUpload>({.bucket = "bbb",
                                                 .key = "k",
                                                 .checksum_algorithm = algorithm,
                                                 .checksum_type = "FULL_OBJECT"}),
              "400 InvalidRequest");
    const std::string upload = begin(algorithm);
    const auto done = s3.call<CompleteMultipartUpload>(completion(upload, {put(upload, 1, end)}));
    EXPECT_EQ(done.checksum_type, "COMPOSITE");
  }
}

TEST_F(Uploads, AreRefusedAsAwsDoes) {
  const std::string upload = begin();
  const CompletedPart first = put(upload, 1, "small"), second = put(upload, 2, end);
  auto complete = [&](std::vector<CompletedPart> parts) {
    return s3.outcome<CompleteMultipartUpload>(completion(upload, std::move(parts)));
  };
  EXPECT_EQ(complete({first, second}), "400 EntityTooSmall");
  EXPECT_EQ(complete({second, first}), "400 InvalidPartOrder");
  EXPECT_EQ(complete({}), "400 MalformedXML");
  EXPECT_EQ(complete({{.e_tag = "\"x\"", .part_number = 1}}), "400 InvalidPart");
  EXPECT_EQ(complete({{.e_tag = first.e_tag, .part_number = 9}}), "400 InvalidPart");
  EXPECT_EQ(s3.outcome<UploadPart>(part(upload, 0, "x")), "400 InvalidArgument");
  EXPECT_EQ(s3.outcome<UploadPart>(part(upload, 10'001, "x")), "400 InvalidArgument");
  EXPECT_EQ(s3.outcome<UploadPart>(part("none", 1, "x")), "404 NoSuchUpload");
  EXPECT_EQ(complete({first}), "200") << "what was refused changed nothing";
}

TEST_F(Uploads, ThatAreAbortedLeaveNothing) {
  const std::string upload = begin();
  put(upload, 1, one);
  put(upload, 1, two);
  EXPECT_EQ(s3.blob_count(), 1u) << "a part replaces the one of its number";
  EXPECT_EQ(s3.call<ListMultipartUploads>({.bucket = "bbb"}).uploads.size(), 1u);
  s3.call<AbortMultipartUpload>({.bucket = "bbb", .key = "k", .upload_id = upload});
  EXPECT_EQ(s3.blob_count(), 0u);
  EXPECT_EQ(s3.outcome<AbortMultipartUpload>({.bucket = "bbb", .key = "k", .upload_id = upload}),
            "404 NoSuchUpload");
  EXPECT_EQ(s3.call<ListMultipartUploads>({.bucket = "bbb"}).uploads.size(), 0u);
}

TEST_F(Uploads, TakePartsOfOtherObjects) {
  s3.put("bbb", "source", one + two);
  const std::string upload = begin();
  auto copy = [&](std::optional<std::string> range, int32_t number) {
    return s3.call<UploadPartCopy>({.bucket = "bbb",
                                    .copy_source = "/bbb/source",
                                    .copy_source_range = std::move(range),
                                    .key = "k",
                                    .part_number = number,
                                    .upload_id = upload});
  };
  const auto first = copy(std::nullopt, 1), second = copy("bytes=5242878-5242881", 2);
  s3.call<CompleteMultipartUpload>(
      completion(upload, {{.e_tag = first.copy_part_result->e_tag, .part_number = 1},
                          {.e_tag = second.copy_part_result->e_tag, .part_number = 2}}));
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "k"}), one + two + "1122");
  EXPECT_EQ(s3.outcome<UploadPartCopy>({.bucket = "bbb",
                                        .copy_source = "bbb/source",
                                        .copy_source_range = "bytes=0-99999999",
                                        .key = "k",
                                        .part_number = 1,
                                        .upload_id = begin()}),
            "416 InvalidRange");
}

}  // namespace

}  // namespace holm::s3
