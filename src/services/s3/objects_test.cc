// Objects: storing, reading, replacing, deleting.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/strings.h"
#include "crypto/hash.h"
#include "services/s3/get_object.h"
#include "services/s3/records.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

// Gives some bytes and then breaks off.
class BrokenSource final : public async::ByteSource {
 public:
  explicit BrokenSource(std::string bytes) : bytes_(std::move(bytes)) {}
  async::Task<std::string_view> read() override {
    if (given_) throw async::StreamError("The connection was closed.");
    given_ = true;
    co_return bytes_;
  }

 private:
  std::string bytes_;
  bool given_ = false;
};

// A text with a trailer behind it.
class TrailedSource final : public async::ByteSource {
 public:
  TrailedSource(std::string bytes, std::string name, std::string value)
      : source_(std::move(bytes)), name_(std::move(name)), value_(std::move(value)) {}
  async::Task<std::string_view> read() override { return source_.read(); }
  std::vector<std::string> trailer_names() const override { return {name_}; }
  std::optional<std::string> find_trailer(std::string_view name) const override {
    if (name != name_) return std::nullopt;
    return value_;
  }

 private:
  async::StringSource source_;
  std::string name_;
  std::string value_;
};

std::string pattern(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 31 % 251);
  return text;
}

class Objects : public ::testing::Test {
 protected:
  void SetUp() override { s3.create_bucket("photos"); }

  std::string read(const std::string& key) { return s3.get({.bucket = "photos", .key = key}); }
  std::string read_range(const std::string& key, const std::string& range) {
    return s3.get({.bucket = "photos", .key = key, .range = range});
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

TEST_F(Objects, ComeBackByteForByteWhateverTheirSize) {
  for (size_t bytes : {size_t{0}, size_t{1}, size_t{16 * 1024}, size_t{16 * 1024 + 1}, size_t{256 * 1024},
                       size_t{256 * 1024 + 1}, size_t{3'000'000}}) {
    SCOPED_TRACE(bytes);
    const std::string content = pattern(bytes);
    const auto put = s3.put("photos", "k", content);
    EXPECT_EQ(put.e_tag, "\"" + hex_encode(crypto::bytes_of(crypto::md5(content))) + "\"");
    EXPECT_EQ(read("k"), content);
  }
}

TEST_F(Objects, RangesOfSealedChunksAreThoseOfTheObject) {
  constexpr size_t kChunk = 64 * 1024, kBatch = 256 * 1024, kBytes = 600'000;
  const std::string content = pattern(kBytes);
  s3.put("photos", "k", content);
  for (size_t first : {size_t{0}, kChunk - 1, kChunk, kBatch - 1, kBatch, 2 * kBatch - 1, kBytes - 1}) {
    for (size_t count : {size_t{1}, size_t{2}, kChunk, kBatch, kBatch + 1, kBytes}) {
      const std::string range = fmt::format("bytes={}-{}", first, first + count - 1);
      EXPECT_EQ(read_range("k", range), content.substr(first, count)) << range;
    }
  }
}

// The bytes become a blob by the commit that names them.
TEST_F(Objects, OfAnySizeAreOneCommit) {
  for (const size_t bytes : {1'000, 100'000, 1'000'000}) {
    const std::string key = "key-" + std::to_string(bytes);
    s3.put("photos", key, pattern(bytes));
    const auto records = s3.service().objects().metadata().scan({}, 1000).value();
    const auto own = std::ranges::find_if(records, [&](const auto& each) { return each.key.ends_with(key); });
    ASSERT_NE(own, records.end());
    const auto with_it = std::ranges::count_if(records, [&](const objects::Record& each) {
      return each.key.starts_with("blob/") && each.stamp == own->stamp;
    });
    EXPECT_EQ(with_it, bytes > kInlineBytesMax ? 1 : 0) << key;
    EXPECT_EQ(read(key), pattern(bytes));
  }
  EXPECT_EQ(s3.blob_count(), 2u);
}

TEST_F(Objects, ThatAreReplacedOrDeletedLeaveNothingOnDisk) {
  s3.put("photos", "k", pattern(100'000));
  s3.put("photos", "k", pattern(200'000));
  EXPECT_EQ(s3.blob_count(), 1u);
  s3.call<DeleteObject>({.bucket = "photos", .key = "k"});
  EXPECT_EQ(s3.blob_count(), 0u);
  EXPECT_EQ(s3.outcome<DeleteObject>({.bucket = "photos", .key = "k"}), "200");
}

TEST_F(Objects, KeysAreNotPaths) {
  for (const char* key : {"../../etc/passwd", "/", "a//b", ".", "a/../b", "\xe2\x82\xac", "\x01"}) {
    s3.put("photos", key, key);
    EXPECT_EQ(read(key), key);
  }
  EXPECT_EQ(s3.outcome<HeadObject>({.bucket = "photos", .key = "b"}), "404 NoSuchKey");
}

TEST_F(Objects, AreNotSeenWhenTheirBodyBreaksOff) {
  PutObjectRequest request{.bucket = "photos", .key = "k"};
  request.body = std::make_shared<BrokenSource>(pattern(500'000));
  EXPECT_THROW(s3.call<PutObject>(request), async::StreamError);
  EXPECT_EQ(s3.outcome<HeadObject>({.bucket = "photos", .key = "k"}), "404 NoSuchKey");
  EXPECT_EQ(s3.blob_count(), 0u);
}

TEST_F(Objects, AreNotSeenWhenTheirChecksumsAreWrong) {
  auto attempt = [&](PutObjectRequest request) {
    request.bucket = "photos";
    request.key = "k";
    if (!request.body) request.body = std::make_shared<async::StringSource>(pattern(100'000));
    return s3.outcome<PutObject>(request);
  };
  EXPECT_EQ(attempt({.content_md5 = "AAAAAAAAAAAAAAAAAAAAAA=="}), "400 BadDigest");
  EXPECT_EQ(attempt({.content_md5 = "short"}), "400 InvalidDigest");
  EXPECT_EQ(attempt({.checksum_crc32 = "AAAAAA=="}), "400 BadDigest");
  EXPECT_EQ(attempt({.checksum_crc32 = "AAAAAA==", .checksum_sha1 = "x"}), "400 InvalidRequest");
  EXPECT_EQ(attempt({.checksum_algorithm = "CRC32"}), "400 InvalidRequest");
  EXPECT_EQ(attempt({.checksum_algorithm = "XXHASH3", .checksum_crc32 = "AAAAAA=="}), "400 InvalidRequest");
  EXPECT_EQ(attempt({.checksum_algorithm = "MD6", .checksum_crc32 = "AAAAAA=="}), "400 InvalidRequest");
  EXPECT_EQ(attempt({.checksum_xxhash3 = "AAAAAAAAAAA="}), "400 BadDigest");
  PutObjectRequest trailed;
  trailed.body = std::make_shared<TrailedSource>("hello", "x-amz-checksum-crc32", "AAAAAA==");
  EXPECT_EQ(attempt(trailed), "400 BadDigest");
  EXPECT_EQ(s3.outcome<HeadObject>({.bucket = "photos", .key = "k"}), "404 NoSuchKey");
  EXPECT_EQ(s3.blob_count(), 0u);
}

// Of "123456789", as the catalogues of check values have them.
TEST_F(Objects, HaveTheChecksumThatWasAskedForOrCrc64) {
  struct Case {
    std::string header;
    std::string value;
  };
  const Case cases[] = {{"x-amz-checksum-crc32", "y/Q5Jg=="},
                        {"x-amz-checksum-crc32c", "4waSgw=="},
                        {"x-amz-checksum-crc64nvme", "rosUhgp5mIg="},
                        {"x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="},
                        {"x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="},
                        {"x-amz-checksum-sha512",
                         "2eZ2LdHI6vbWGzxhkvxAjU1tXxF20MKRabwk5xw/J0rSf81YEbMT1oH35V7ALXPUmclUVba1u1A6z1dPuo/"
                         "+hQ=="},
                        {"x-amz-checksum-md5", "JfnnlDI7RTiF9RgfG2JNCw=="},
                        {"x-amz-checksum-xxhash64", "jLhB20DmroM="},
                        {"x-amz-checksum-xxhash3", "ctyxi2ehff8="},
                        {"x-amz-checksum-xxhash128", "MxGUd+3l3NXpcWQnaB1YYA=="}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.header);
    PutObjectRequest request{.bucket = "photos", .key = "k"};
    request.body = std::make_shared<TrailedSource>("123456789", c.header, c.value);
    const auto put = s3.call<PutObject>(request);
    EXPECT_EQ(put.checksum_type, "FULL_OBJECT");
    // AWS's SDK for C++ writes it in small letters.
    const auto head = s3.call<HeadObject>({.bucket = "photos", .key = "k", .checksum_mode = "enabled"});
    const std::string told = head.checksum_crc32.value_or("") + head.checksum_crc32_c.value_or("") +
                             head.checksum_crc64_nvme.value_or("") + head.checksum_sha1.value_or("") +
                             head.checksum_sha256.value_or("") + head.checksum_sha512.value_or("") +
                             head.checksum_md5.value_or("") + head.checksum_xxhash64.value_or("") +
                             head.checksum_xxhash3.value_or("") + head.checksum_xxhash128.value_or("");
    EXPECT_EQ(told, c.value);
  }
  s3.put("photos", "k", "123456789");
  const auto head = s3.call<HeadObject>({.bucket = "photos", .key = "k", .checksum_mode = "ENABLED"});
  EXPECT_EQ(head.checksum_crc64_nvme, "rosUhgp5mIg=");
}

TEST_F(Objects, AreReadInRanges) {
  s3.put("photos", "k", pattern(600'000));
  EXPECT_EQ(read_range("k", "bytes=0-0"), pattern(1));
  EXPECT_EQ(read_range("k", "bytes=262143-262145"), pattern(600'000).substr(262'143, 3));
  EXPECT_EQ(read_range("k", "bytes=-5"), pattern(600'000).substr(599'995));
  EXPECT_EQ(read_range("k", "bytes=599999-"), pattern(600'000).substr(599'999));
  const auto part =
      s3.call<HeadObject>({.bucket = "photos", .key = "k", .range = "bytes=1-2", .checksum_mode = "ENABLED"});
  EXPECT_EQ(part.status_code, 206);
  EXPECT_EQ(part.content_range, "bytes 1-2/600000");
  EXPECT_EQ(part.checksum_crc64_nvme, std::nullopt) << "the whole's checksum does not fit a part";
}

TEST(Ranges, AreAsRfc9110SaysOrIgnored) {
  struct Case {
    const char* header;
    std::optional<uint64_t> first, bytes;
  };
  const Case cases[] = {
      {"bytes=0-99", 0, 10},     {"bytes=3-", 3, 7},    {"bytes=-3", 7, 3},
      {"bytes=-99", 0, 10},      {"bytes=9-9", 9, 1},   {"bytes=5-3", {}, {}},
      {"bytes=0-1,3-4", {}, {}}, {"items=0-1", {}, {}}, {"bytes=a-b", {}, {}},
      {"bytes=", {}, {}},        {"bytes=-", {}, {}},   {"bytes=0-99999999999999999999999", 0, 10}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.header);
    const auto range = find_range(c.header, 10);
    ASSERT_EQ(range.has_value(), c.first.has_value());
    if (!range) continue;
    EXPECT_EQ(range->first, *c.first);
    EXPECT_EQ(range->bytes, *c.bytes);
  }
  EXPECT_THROW(find_range("bytes=10-", 10), aws::ServiceError);
  EXPECT_THROW(find_range("bytes=-0", 10), aws::ServiceError);
  EXPECT_THROW(find_range("bytes=0-", 0), aws::ServiceError);
}

TEST_F(Objects, AreReadOnConditions) {
  const std::string tag = *s3.put("photos", "k", "x").e_tag;
  auto head = [&](HeadObjectRequest request) {
    request.bucket = "photos";
    request.key = "k";
    return s3.outcome<HeadObject>(request);
  };
  EXPECT_EQ(head({.if_match = tag}), "200");
  EXPECT_EQ(head({.if_match = "\"other\""}), "412 PreconditionFailed");
  EXPECT_EQ(head({.if_none_match = tag}), "304 NotModified");
  EXPECT_EQ(head({.if_none_match = "\"other\""}), "200");
  const Time now = s3.caller("", "", "").now;
  EXPECT_EQ(head({.if_modified_since = now}), "304 NotModified");
  EXPECT_EQ(head({.if_modified_since = now - std::chrono::hours(1)}), "200");
  EXPECT_EQ(head({.if_unmodified_since = now}), "200");
  EXPECT_EQ(head({.if_unmodified_since = now - std::chrono::hours(1)}), "412 PreconditionFailed");
}

TEST_F(Objects, AreWrittenOnConditions) {
  auto put = [&](PutObjectRequest request) {
    request.bucket = "photos";
    request.key = "k";
    return s3.outcome<PutObject>(request);
  };
  EXPECT_EQ(put({.if_match = "\"x\""}), "404 NoSuchKey");
  EXPECT_EQ(put({.if_none_match = "*"}), "200");
  EXPECT_EQ(put({.if_none_match = "*"}), "412 PreconditionFailed");
  EXPECT_EQ(put({.if_none_match = "\"d41d8cd98f00b204e9800998ecf8427e\""}), "412 PreconditionFailed");
  EXPECT_EQ(put({.if_none_match = "\"x\""}), "200");
  EXPECT_EQ(put({.if_match = "\"x\""}), "412 PreconditionFailed");
  EXPECT_EQ(put({.if_match = "\"d41d8cd98f00b204e9800998ecf8427e\""}), "200");
}

TEST_F(Objects, KeepTheirHeadersAndMetadataAndCopiesTakeThemAlong) {
  PutObjectRequest request{.bucket = "photos",
                           .cache_control = "no-cache",
                           .content_encoding = "aws-chunked, gzip",
                           .content_type = "image/png",
                           .key = "k",
                           .metadata = {{"Camera", "old"}},
                           .storage_class = "STANDARD_IA",
                           .tagging = "a=b"};
  request.body = std::make_shared<async::StringSource>(pattern(50'000));
  s3.call<PutObject>(request);
  s3.call<CopyObject>({.bucket = "photos", .copy_source = "photos/k", .key = "copy"});
  EXPECT_EQ(read("copy"), pattern(50'000));
  for (const char* key : {"k", "copy"}) {
    const auto head = s3.call<HeadObject>({.bucket = "photos", .key = key});
    EXPECT_EQ(head.content_type, "image/png");
    EXPECT_EQ(head.content_encoding, "gzip");
    EXPECT_EQ(head.cache_control, "no-cache");
    EXPECT_EQ(head.metadata.at("camera"), "old");
    EXPECT_EQ(head.tag_count, 1);
  }
  s3.call<DeleteObject>({.bucket = "photos", .key = "k"});
  EXPECT_EQ(read("copy"), pattern(50'000)) << "a copy stands by itself";
  EXPECT_EQ(s3.outcome<CopyObject>({.bucket = "photos", .copy_source = "photos/copy", .key = "copy"}),
            "400 InvalidRequest");
}

TEST_F(Objects, ThatAreDamagedAnswerAnErrorAndNeverOtherBytes) {
  s3.put("photos", "small", pattern(100'000));  // In the log.
  s3.put("photos", "large", pattern(1'000'000));
  s3.put("photos", "other", pattern(100'000));
  const auto flip = [this](const std::string& file, std::streamoff at) {
    std::fstream bytes(folder.path() + "/objects/" + file, std::ios::in | std::ios::out | std::ios::binary);
    char byte = static_cast<char>(bytes.seekg(at).get() ^ 1);
    bytes.seekp(at).write(&byte, 1);
    ASSERT_TRUE(bytes.good());
  };
  const auto copied = [this] {
    return s3.outcome<CopyObject>({.bucket = "photos", .copy_source = "photos/large", .key = "copy"});
  };
  flip("log-00000001", 50'000);
  EXPECT_EQ(s3.outcome<GetObject>({.bucket = "photos", .key = "small"}), "500 InternalError");
  flip("volume-00000001", 10);
  EXPECT_EQ(s3.outcome<GetObject>({.bucket = "photos", .key = "large"}), "500 InternalError");
  EXPECT_EQ(copied(), "500 InternalError");
  EXPECT_EQ(read_range("large", "bytes=500000-500009"), pattern(1'000'000).substr(500'000, 10));
  // Behind the first bytes the answer has begun, and breaks off.
  flip("volume-00000001", 10);
  flip("volume-00000001", 900'000);
  EXPECT_THROW(read("large"), async::StreamError);
  EXPECT_EQ(copied(), "500 InternalError");
  EXPECT_EQ(read("other"), pattern(100'000));
  s3.call<DeleteObject>({.bucket = "photos", .key = "large"});
  EXPECT_EQ(s3.blob_count(), 2u);
}

TEST_F(Objects, ThatAreReadStayReadableWhenTheyAreDeleted) {
  s3.put("photos", "k", pattern(1'000'000));
  const auto leased = [&] {
    std::optional<Extent> extent;
    s3.transact(s3.caller(kTestAccount, "eu-west-1", "test"), sql::Access::Read, [&](aws::Call& call) {
      const BucketRow bucket = require_bucket(call, "photos");
      Records records(s3.service());
      const VersionRow row = require_version(records, bucket, "k", std::nullopt);
      extent = lease_extent(s3.service(), call, records, row, std::nullopt).value();
    });
    return extent;
  };
  auto extent = leased();
  s3.call<DeleteObject>({.bucket = "photos", .key = "k"});
  async::Reactor& reactor = s3.any_reactor();
  aws::Stream stream = open_extent(s3.service(), reactor, std::move(*extent));
  auto bytes = async::sync_wait(reactor, async::read_all(*stream, 2'000'000));
  EXPECT_EQ(bytes.value(), pattern(1'000'000));
  EXPECT_EQ(s3.blob_count(), 1u);
  extent.reset();
  stream.reset();
  EXPECT_EQ(s3.blob_count(), 0u);
}

}  // namespace

}  // namespace holm::s3
