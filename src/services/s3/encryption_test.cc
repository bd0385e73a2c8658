// Encryption: what lies on disk, and which key opens it.

#include "services/s3/encryption.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/strings.h"
#include "crypto/hash.h"
#include "services/s3/sealed_bytes.h"
#include "services/s3/test_place.h"
#include "support/seeded_random.h"

namespace holm::s3 {

namespace {

// Everything in the folder, the database too.
bool folder_contains(const std::string& folder, const std::string& text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    if (bytes.str().find(text) != std::string::npos) return true;
  }
  return false;
}

struct Key {
  explicit Key(char fill) : bytes(32, fill) {}
  std::string base64() const { return base64_encode(bytes); }
  std::string md5() const { return base64_encode(crypto::bytes_of(crypto::md5(bytes))); }
  std::string bytes;
};

class EncryptionTest : public ::testing::Test {
 protected:
  void SetUp() override { s3.create_bucket("bbb"); }

  std::string put_with(const Key& key, const std::string& content) {
    PutObjectRequest request{.bucket = "bbb", .key = "k"};
    request.sse_customer_algorithm = "AES256";
    request.sse_customer_key = key.base64();
    request.sse_customer_key_md5 = key.md5();
    request.body = std::make_shared<async::StringSource>(content);
    return s3.outcome<PutObject>(std::move(request));
  }
  std::string get_with(const Key& key, std::optional<std::string> range = std::nullopt) {
    GetObjectRequest request{.bucket = "bbb", .key = "k", .range = std::move(range)};
    request.sse_customer_algorithm = "AES256";
    request.sse_customer_key = key.base64();
    request.sse_customer_key_md5 = key.md5();
    return s3.get(std::move(request));
  }
  std::string head_with(const Key& key) {
    HeadObjectRequest request{.bucket = "bbb", .key = "k"};
    request.sse_customer_algorithm = "AES256";
    request.sse_customer_key = key.base64();
    request.sse_customer_key_md5 = key.md5();
    return s3.outcome<HeadObject>(std::move(request));
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(EncryptionTest, NothingOfAnObjectIsReadableOnDisk) {
  const std::string small = "a very secret text that is kept in its row";
  std::string large;
  for (int i = 0; i < 20'000; ++i) large += "line " + std::to_string(i) + " of a secret\n";
  s3.put("bbb", "small", small);
  s3.put("bbb", "large", large);
  EXPECT_FALSE(folder_contains(folder.path(), small));
  EXPECT_FALSE(folder_contains(folder.path(), "of a secret"));
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "small"}), small);
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "large"}), large);
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "large"}).server_side_encryption, "AES256");
}

TEST_F(EncryptionTest, RangesOpenWhereverTheyBegin) {
  std::string content(4 * kChunkBytes + 100, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 7 % 251);
  s3.put("bbb", "k", content);
  for (uint64_t first :
       {uint64_t{0}, kChunkBytes - 1, kChunkBytes, 3 * kChunkBytes + 5, 4 * kChunkBytes + 99}) {
    for (uint64_t bytes : {uint64_t{1}, uint64_t{2}, kChunkBytes, 3 * kChunkBytes}) {
      const uint64_t end = std::min<uint64_t>(first + bytes, content.size());
      const std::string range = "bytes=" + std::to_string(first) + "-" + std::to_string(end - 1);
      EXPECT_EQ(s3.get({.bucket = "bbb", .key = "k", .range = range}), content.substr(first, end - first))
          << range;
    }
  }
}

TEST_F(EncryptionTest, WithACustomersKeyNeedsThatVeryKey) {
  const Key key('a'), other('b');
  EXPECT_EQ(put_with(key, std::string(100'000, 'x')), "200");
  EXPECT_EQ(get_with(key), std::string(100'000, 'x'));
  EXPECT_EQ(get_with(key, "bytes=70000-70003"), "xxxx");
  EXPECT_EQ(s3.outcome<HeadObject>({.bucket = "bbb", .key = "k"}), "400 InvalidRequest");
  EXPECT_EQ(head_with(other), "400 InvalidRequest");
  EXPECT_EQ(head_with(key), "200");
  s3.put("bbb", "k", "x");
  EXPECT_EQ(head_with(key), "400 InvalidRequest") << "a key that is not needed is a mistake";
}

TEST_F(EncryptionTest, WithACustomersKeyTellsNoMd5) {
  put_with(Key('a'), "hello");
  const auto etag = s3.call<ListObjectsV2>({.bucket = "bbb"}).contents.front().e_tag;
  EXPECT_NE(etag.value_or(""), '"' + hex_encode(crypto::bytes_of(crypto::md5("hello"))) + '"');
}

TEST_F(EncryptionTest, OfHalfAKeyIsRefused) {
  const Key key('a');
  auto outcome = [](AskedCustomerKey asked) -> std::string {
    try {
      return require_customer_key(asked) ? "key" : "none";
    } catch (const aws::ServiceError& error) {
      return error.code;
    }
  };
  EXPECT_EQ(outcome({}), "none");
  EXPECT_EQ(outcome({"AES256", key.base64(), key.md5()}), "key");
  EXPECT_EQ(outcome({"AES256", key.base64(), {}}), "InvalidArgument");
  EXPECT_EQ(outcome({"AES256", {}, {}}), "InvalidArgument");
  EXPECT_EQ(outcome({{}, key.base64(), key.md5()}), "InvalidArgument");
  EXPECT_EQ(outcome({"AES256", key.base64(), Key('b').md5()}), "InvalidArgument");
  EXPECT_EQ(outcome({"AES256", base64_encode("short"), key.md5()}), "InvalidArgument");
  EXPECT_EQ(outcome({"DES", key.base64(), key.md5()}), "InvalidEncryptionAlgorithmError");
}

TEST_F(EncryptionTest, OfPartsHasToBeTheUploads) {
  const Key key('a');
  CreateMultipartUploadRequest create{.bucket = "bbb", .key = "k"};
  create.sse_customer_algorithm = "AES256";
  create.sse_customer_key = key.base64();
  create.sse_customer_key_md5 = key.md5();
  const std::string id = *s3.call<CreateMultipartUpload>(std::move(create)).upload_id;
  auto part = [&](const std::optional<Key>& given) {
    UploadPartRequest request{.bucket = "bbb", .key = "k", .part_number = 1, .upload_id = id};
    if (given) {
      request.sse_customer_algorithm = "AES256";
      request.sse_customer_key = given->base64();
      request.sse_customer_key_md5 = given->md5();
    }
    request.body = std::make_shared<async::StringSource>("part");
    return request;
  };
  EXPECT_EQ(s3.outcome<UploadPart>(part(std::nullopt)), "400 InvalidRequest");
  EXPECT_EQ(s3.outcome<UploadPart>(part(Key('b'))), "400 InvalidRequest");
  const auto stored = s3.call<UploadPart>(part(key));
  s3.call<CompleteMultipartUpload>(
      {.bucket = "bbb",
       .key = "k",
       .multipart_upload = CompletedMultipartUpload{.parts = {{.e_tag = stored.e_tag, .part_number = 1}}},
       .upload_id = id});
  EXPECT_EQ(get_with(key), "part");
  EXPECT_EQ(s3.outcome<HeadObject>({.bucket = "bbb", .key = "k"}), "400 InvalidRequest");
}

TEST_F(EncryptionTest, WithKeysOfKmsTellsWhichAndNoMd5) {
  PutObjectRequest request{.bucket = "bbb", .key = "k", .server_side_encryption = "aws:kms"};
  request.ssekms_key_id = "one";
  request.body = std::make_shared<async::StringSource>(std::string(100'000, 'x'));
  const auto put = s3.call<PutObject>(std::move(request));
  EXPECT_EQ(put.ssekms_key_id, "arn:aws:kms:eu-west-1:123456789012:key/one");
  EXPECT_NE(put.e_tag, "\"" + hex_encode(crypto::bytes_of(crypto::md5(std::string(100'000, 'x')))) + "\"");
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "k"}), std::string(100'000, 'x'));
  s3.call<CopyObject>({.bucket = "bbb", .copy_source = "bbb/k", .key = "copy"});
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "copy"}), std::string(100'000, 'x'));
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "copy"}).server_side_encryption, "AES256")
      << "a copy is encrypted as its bucket says";
}

TEST_F(EncryptionTest, WithKeysOfKmsCanBeTheBuckets) {
  ServerSideEncryptionByDefault by_default{.sse_algorithm = "aws:kms", .kms_master_key_id = "two"};
  s3.call<PutBucketEncryption>(
      {.bucket = "bbb",
       .server_side_encryption_configuration = {
           .rules = {{.apply_server_side_encryption_by_default = by_default, .bucket_key_enabled = true}}}});
  s3.put("bbb", "k", "hello");
  const auto head = s3.call<HeadObject>({.bucket = "bbb", .key = "k"});
  EXPECT_EQ(head.server_side_encryption, "aws:kms");
  EXPECT_EQ(head.ssekms_key_id, "arn:aws:kms:eu-west-1:123456789012:key/two");
  EXPECT_EQ(head.bucket_key_enabled, true);
  EXPECT_EQ(s3.get({.bucket = "bbb", .key = "k"}), "hello");
  PutObjectRequest own{.bucket = "bbb", .key = "own", .server_side_encryption = "AES256"};
  s3.call<PutObject>(std::move(own));
  EXPECT_EQ(s3.call<HeadObject>({.bucket = "bbb", .key = "own"}).server_side_encryption, "AES256");
}

TEST_F(EncryptionTest, OfBucketsIsToldAndCannotBeUndone) {
  auto method = [&] {
    const auto output = s3.call<GetBucketEncryption>({.bucket = "bbb"});
    return output.server_side_encryption_configuration->rules.front()
        .apply_server_side_encryption_by_default->sse_algorithm;
  };
  EXPECT_EQ(method(), "AES256");
  s3.call<DeleteBucketEncryption>({.bucket = "bbb"});
  EXPECT_EQ(method(), "AES256") << "as on AWS since 2023";
  PutObjectRequest request{.bucket = "bbb", .key = "k", .server_side_encryption = "DES"};
  EXPECT_EQ(s3.outcome<PutObject>(std::move(request)), "400 InvalidArgument");
}

TEST(SealedBytes, OpenOnlyInTheirPlaceAndUnchanged) {
  test::SeededRandom random;
  const ChunkCipher cipher(make_data_key(random));
  std::string sealed = cipher.seal(3, "plain", random);
  EXPECT_EQ(sealed.size(), 5 + kSealBytes);
  EXPECT_EQ(cipher.open(3, sealed), "plain");
  EXPECT_EQ(cipher.open(2, sealed), std::nullopt);
  EXPECT_EQ(ChunkCipher(make_data_key(random)).open(3, sealed), std::nullopt);
  sealed[20] = static_cast<char>(sealed[20] ^ 1);
  EXPECT_EQ(cipher.open(3, sealed), std::nullopt);
}

TEST(SealedBytes, OpenAsEarlierProgramsSealedThem) {
  test::SeededRandom random;
  crypto::Aead::Key key{};
  key.fill('k');
  const ChunkCipher cipher(std::string(key.begin(), key.end()));
  EXPECT_EQ(cipher.open(3, crypto::Aead(key).seal("plain", "3", random)), "plain");
}

}  // namespace

}  // namespace holm::s3
