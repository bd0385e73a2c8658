// Parameters that are made up once.

#include "cli/up/secrets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "base/files.h"

namespace holm::cli {
namespace {

class Secrets : public testing::Test {
 protected:
  Secrets() {
    std::string pattern = testing::TempDir() + "holm-secrets-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/secrets/shop";
  }
  ~Secrets() override { std::filesystem::remove_all(folder_); }

  SystemRandom random_;
  std::string folder_;
  std::string path_;
};

TEST_F(Secrets, AreTheSameTheNextTimeAndForTheOwnersEyesOnly) {
  auto first = keep_secrets(path_, {{"Db", 20}}, random_);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_EQ(first->size(), 1u);
  EXPECT_EQ(first->at(0).first, "Db");
  EXPECT_EQ(first->at(0).second.size(), 20u);
  struct stat about{};
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((folder_ + "/secrets").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700u);

  auto second = keep_secrets(path_, {{"Login", 8}, {"Db", 99}}, random_);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->at(0).second.size(), 8u);
  EXPECT_EQ(second->at(1), first->at(0));
  EXPECT_EQ(*keep_secrets(path_, {{"Login", 8}, {"Db", 20}}, random_), *second);
}

TEST_F(Secrets, NoneWantedNoneKept) {
  EXPECT_TRUE(keep_secrets(path_, {}, random_)->empty());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Secrets, AFileThatCannotBeReadIsNotWrittenOver) {
  std::filesystem::create_directories(path_);
  EXPECT_FALSE(keep_secrets(path_, {{"Db", 20}}, random_));
}

}  // namespace
}  // namespace holm::cli
