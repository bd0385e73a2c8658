// Lists of keys, versions and uploads, page by page, against the plain way of making them.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/time_format.h"
#include "services/s3/listing.h"
#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

// The keys and common prefixes that a whole list has, in order.
std::vector<std::string> expected(const std::set<std::string>& keys, const std::string& prefix,
                                  const std::string& delimiter) {
  std::set<std::string> items;
  for (const std::string& key : keys) {
    if (!key.starts_with(prefix)) continue;
    const size_t at = delimiter.empty() ? std::string::npos : key.find(delimiter, prefix.size());
    items.insert(at == std::string::npos ? key : key.substr(0, at + delimiter.size()));
  }
  return {items.begin(), items.end()};
}

template <class Page>
std::vector<std::string> items_of(const Page& page) {
  std::vector<std::string> items;
  for (const auto& object : page.contents) items.push_back(*object.key);
  for (const auto& common : page.common_prefixes) items.push_back(*common.prefix);
  std::ranges::sort(items);
  return items;
}

class Listing : public ::testing::Test {
 protected:
  void SetUp() override { s3.create_bucket("bbb"); }

  std::vector<std::string> list_v2(const std::string& prefix, const std::string& delimiter, int32_t count) {
    std::vector<std::string> all;
    ListObjectsV2Request request{
        .bucket = "bbb", .delimiter = delimiter, .max_keys = count, .prefix = prefix};
    while (true) {
      const auto page = s3.call<ListObjectsV2>(request);
      for (std::string& item : items_of(page)) all.push_back(std::move(item));
      EXPECT_LE(page.key_count, count);
      if (!page.is_truncated.value()) return all;
      EXPECT_EQ(page.key_count, count) << "only the last page is short";
      request.continuation_token = page.next_continuation_token;
    }
  }

  std::vector<std::string> list_v1(const std::string& prefix, const std::string& delimiter, int32_t count) {
    std::vector<std::string> all;
    ListObjectsRequest request{.bucket = "bbb", .delimiter = delimiter, .max_keys = count, .prefix = prefix};
    while (true) {
      const auto page = s3.call<ListObjects>(request);
      const auto items = items_of(page);
      all.insert(all.end(), items.begin(), items.end());
      if (!page.is_truncated.value()) return all;
      EXPECT_EQ(page.next_marker.has_value(), !delimiter.empty());
      request.marker = page.next_marker.value_or(items.back());
    }
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

// Clients compare them with what headers say, which has no fractions.
TEST_F(Listing, TimesAreWholeSeconds) {
  s3.wait(std::chrono::milliseconds(1234));
  s3.put("bbb", "k", "x");
  const auto page = s3.call<ListObjectsV2>({.bucket = "bbb"});
  EXPECT_EQ(page.bucket_region, "eu-west-1");
  const std::string told = page.contents.at(0).last_modified.value();
  EXPECT_TRUE(told.ends_with(".000Z")) << told;
  EXPECT_EQ(parse_iso8601(told), std::chrono::floor<std::chrono::seconds>(s3.now()));
}

TEST_F(Listing, HasEveryKeyOnceInTheOrderOfBytesHoweverItIsPaged) {
  std::mt19937 random(7);
  const std::vector<std::string> parts = {"a", "b", "/", "//", "a.b", "\xc3\xa9", "\xf0\x9f\x98\x80",
                                          "z", "~"};
  std::set<std::string> keys = {"a/", "a.b/", "a.b"};
  while (keys.size() < 300) {
    std::string key;
    for (size_t i = 0; i <= random() % 4; ++i) key += parts[random() % parts.size()];
    keys.insert(key);
  }
  for (const std::string& key : keys) s3.put("bbb", key, "x");
  for (const char* delimiter : {"", "/", "//", "a.b"}) {
    for (const char* prefix : {"", "a", "a/", "b//", "none"}) {
      for (int32_t count : {1, 3, 64, 1000}) {
        SCOPED_TRACE(std::string(delimiter) + " " + prefix + " " + std::to_string(count));
        EXPECT_EQ(list_v2(prefix, delimiter, count), expected(keys, prefix, delimiter));
        EXPECT_EQ(list_v1(prefix, delimiter, count), expected(keys, prefix, delimiter));
      }
    }
  }
}

TEST_F(Listing, StartsBehindAKeyThatNeedNotExist) {
  for (const char* key : {"a", "b", "c/1", "c/2", "d"}) s3.put("bbb", key, "x");
  auto after = [&](const std::string& start, const std::string& delimiter) {
    return items_of(s3.call<ListObjectsV2>({.bucket = "bbb", .delimiter = delimiter, .start_after = start}));
  };
  EXPECT_EQ(after("b", ""), (std::vector<std::string>{"c/1", "c/2", "d"}));
  EXPECT_EQ(after("bb", ""), (std::vector<std::string>{"c/1", "c/2", "d"}));
  EXPECT_EQ(after("c/", "/"), (std::vector<std::string>{"d"}));
  EXPECT_EQ(after("b", "/"), (std::vector<std::string>{"c/", "d"}));
}

TEST_F(Listing, OfNothingIsWholeAndOddRequestsAreRefused) {
  s3.put("bbb", "a b&c", "x");
  const auto none = s3.call<ListObjectsV2>({.bucket = "bbb", .max_keys = 0});
  EXPECT_EQ(none.is_truncated, false);
  EXPECT_EQ(none.key_count, 0);
  EXPECT_EQ(s3.outcome<ListObjectsV2>({.bucket = "bbb", .max_keys = -1}), "400 InvalidArgument");
  for (const char* token : {"*", "nonsense", "bm9uc2Vuc2U="}) {
    EXPECT_EQ(s3.outcome<ListObjectsV2>({.bucket = "bbb", .continuation_token = token}),
              "400 InvalidArgument");
  }
  EXPECT_EQ(s3.outcome<ListObjectsV2>({.bucket = "none"}), "404 NoSuchBucket");
  const auto encoded = s3.call<ListObjectsV2>({.bucket = "bbb", .encoding_type = "url"});
  EXPECT_EQ(encoded.contents.at(0).key, "a%20b%26c");
}

TEST_F(Listing, LeavesOutWhatIsDeletedAndShowsItAmongTheVersions) {
  s3.call<PutBucketVersioning>({.bucket = "bbb", .versioning_configuration = {.status = "Enabled"}});
  for (int i = 0; i < 3; ++i) {
    for (const char* key : {"a", "a/x", "b"}) s3.put("bbb", key, std::to_string(i));
  }
  s3.call<DeleteObject>({.bucket = "bbb", .key = "a"});
  EXPECT_EQ(list_v2("", "", 1000), (std::vector<std::string>{"a/x", "b"}));
  std::vector<std::string> seen;
  ListObjectVersionsRequest request{.bucket = "bbb", .max_keys = 2};
  size_t latest = 0, markers = 0;
  while (true) {
    const auto page = s3.call<ListObjectVersions>(request);
    for (const auto& version : page.versions) {
      seen.push_back(*version.key);
      latest += version.is_latest.value();
    }
    for (const auto& marker : page.delete_markers) {
      EXPECT_EQ(marker.key, "a");
      latest += marker.is_latest.value();
      ++markers;
    }
    if (!page.is_truncated.value()) break;
    request.key_marker = page.next_key_marker;
    request.version_id_marker = page.next_version_id_marker;
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "a", "a", "a/x", "a/x", "a/x", "b", "b", "b"}));
  EXPECT_EQ(markers, 1u);
  EXPECT_EQ(latest, 3u);
}

// A page of folders takes as long as it has folders, however much is in them.
TEST(ListingOfFolders, ReadsLittleMoreThanOneRowOfEach) {
  std::vector<std::string> keys;
  for (char folder = 'a'; folder <= 'z'; ++folder) {
    for (int i = 0; i < 1000; ++i) keys.push_back(std::string(1, folder) + "/" + std::to_string(10000 + i));
  }
  size_t read = 0;
  const Fetch fetch = [&](const std::string& from, const std::string&, size_t count) {
    const auto first = std::ranges::lower_bound(keys, from);
    std::vector<std::string_view> some(
        first, first + std::min<std::ptrdiff_t>(keys.end() - first, static_cast<std::ptrdiff_t>(count)));
    read += some.size();
    return some;
  };
  const PageResult page =
      read_page({.prefix = {}, .delimiter = "/", .after = {}, .items_max = 1000}, fetch, [](size_t) {});
  EXPECT_EQ(page.common_prefixes.size(), 26u);
  EXPECT_LE(read, 64u + 2 * 26u);
}

}  // namespace

}  // namespace holm::s3
