// Blobs on the object store, and those from before it.

#include "objects/blob_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace holm::objects {

namespace {

class BlobStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/holm-objects-XXXXXX";
    folder_ = ::mkdtemp(path);
    open();
  }
  void TearDown() override {
    blobs_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void open() {
    blobs_.reset();
    store_.reset();
    store_ = std::move(open_store(folder_ + "/objects").value());
    blobs_ = open_blob_store(*store_, blobs::open_disk_store(folder_ + "/blobs"));
  }
  static std::string put(blobs::Store& blobs, std::string_view content) {
    auto writer = std::move(blobs.create().value());
    EXPECT_TRUE(writer->write(content.substr(0, content.size() / 2)));
    EXPECT_TRUE(writer->write(content.substr(content.size() / 2)));
    return writer->finish().value();
  }
  std::string content_of(const std::string& id) {
    auto reader = blobs_->open(id);
    if (!reader) return "none";
    std::string content((*reader)->size() + 1, '\0');
    content.resize((*reader)->read_at(0, content.data(), content.size()).value());
    return content;
  }
  std::vector<std::string> listed() {
    auto ids = blobs_->list();
    std::ranges::sort(ids);
    return ids;
  }

  std::string folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<blobs::Store> blobs_;
};

TEST_F(BlobStoreTest, BlobsStayUntilTheyAreRemoved) {
  const std::string large(700'000, 'l');
  const std::string a = put(*blobs_, "small"), b = put(*blobs_, large), c = put(*blobs_, "");
  open();
  EXPECT_EQ(content_of(a), "small");
  EXPECT_EQ(content_of(b), large);
  EXPECT_EQ(content_of(c), "");
  EXPECT_EQ(listed(), (std::vector<std::string>{a, b, c}));
  auto open_still = std::move(blobs_->open(b).value());
  blobs_->remove(b);
  blobs_->remove(b);
  EXPECT_EQ(listed(), (std::vector<std::string>{a, c}));
  EXPECT_EQ(content_of(b), "none");
  char byte = 0;
  EXPECT_EQ(open_still->read_at(699'999, &byte, 1).value(), 1u);
  EXPECT_EQ(byte, 'l');
}

TEST_F(BlobStoreTest, WhatIsNotFinishedIsNotThere) {
  auto writer = std::move(blobs_->create().value());
  ASSERT_TRUE(writer->write(std::string(300'000, 'x')));
  writer.reset();
  EXPECT_TRUE(listed().empty());
}

TEST_F(BlobStoreTest, BlobsFromBeforeAreReadAndRemovedWhereTheyAre) {
  auto earlier = blobs::open_disk_store(folder_ + "/blobs");
  const std::string old = put(*earlier, "from before"), made = put(*blobs_, "from now");
  EXPECT_EQ(content_of(old), "from before");
  auto expected = std::vector<std::string>{old, made};
  std::ranges::sort(expected);
  EXPECT_EQ(listed(), expected);
  blobs_->remove(old);
  EXPECT_EQ(listed(), std::vector<std::string>{made});
  EXPECT_FALSE(earlier->open(old));
}

TEST_F(BlobStoreTest, IdsThatAreNoneAreNotFound) {
  for (const char* id : {"", "..", "0", "000000000000000g", "0000000000000001", "-000000000000001"}) {
    EXPECT_FALSE(blobs_->open(id)) << id;
    blobs_->remove(id);
  }
}

}  // namespace

}  // namespace holm::objects
