// Which key is meant for new volumes and copies, and which volumes of a launch are encrypted.

#include "services/ec2/encryption.h"

#include <gtest/gtest.h>

#include "aws/service/error.h"
#include "base/check.h"
#include "ec2/migrations.h"
#include "sandbox/probe.h"
#include "services/ec2/volumes.h"
#include "support/fake_clock.h"
#include "support/test_region.h"

namespace holm::ec2 {
namespace {

class EncryptionTest : public testing::Test {
 protected:
  void SetUp() override {
    const sandbox::Capability capability = sandbox::probe().encrypted_disks;
    if (!capability.available) GTEST_SKIP() << capability.reason;
    database_->migrate("ec2", migrations());
  }
  void encrypt_by_default(const std::string& key) {
    region_.transact(caller_, sql::Access::Write, [&](aws::Call& call) {
      call.transaction.run("INSERT INTO ec2_ebs_default VALUES (?1, ?2, 1, ?3)",
                           {call.account, call.region, key.empty() ? sql::Value() : sql::Value(key)});
    });
  }
  std::string key_of(const AskedEncryption& asked, const Encryption& source = {}) {
    std::string words;
    try {
      region_.transact(caller_, sql::Access::Read, [&](aws::Call& call) {
        words = key_for(call, asked, source).value_or("as before");
      });
    } catch (const aws::ServiceError& error) {
      return error.code;
    }
    return words;
  }
  std::string words_of(std::vector<VolumeWish> wishes) {
    std::string words;
    try {
      region_.transact(caller_, sql::Access::Read,
                       [&](aws::Call& call) { decide_encryption(call, wishes); });
    } catch (const aws::ServiceError& error) {
      return error.code;
    }
    for (const VolumeWish& wish : wishes) {
      words += wish.device + " " + (wish.gib ? std::to_string(*wish.gib) : "unbounded") + " " +
               wish.key.value_or("as before") + "; ";
    }
    return words;
  }

 private:
  test::FakeClock clock_;
  std::unique_ptr<sql::Database> database_ = sql::open_sqlite(":memory:");
  test::TestRegion region_{*database_, clock_};
  aws::Caller caller_ = region_.caller("123456789012", "eu-west-1", "test");
};

const Encryption kSealed{.kms_key = "arn:old", .data_key = "AA==", .bound_to = "snap-1"};

TEST_F(EncryptionTest, IsByTheKeyThatIsNamedOrTheRegions) {
  EXPECT_EQ(key_of({}), "as before");
  EXPECT_EQ(key_of({.encrypted = true}), "alias/aws/ebs");
  EXPECT_EQ(key_of({.encrypted = true, .kms_key = "alias/mine"}), "alias/mine");
  EXPECT_EQ(key_of({.kms_key = "alias/mine"}), "InvalidParameterDependency");
  EXPECT_EQ(key_of({.encrypted = false}), "as before");
}

TEST_F(EncryptionTest, WhatIsEncryptedStaysEncrypted) {
  EXPECT_EQ(key_of({}, kSealed), "as before");
  EXPECT_EQ(key_of({.encrypted = true}, kSealed), "as before");
  EXPECT_EQ(key_of({.kms_key = "alias/mine"}, kSealed), "alias/mine");
  EXPECT_EQ(key_of({.encrypted = false}, kSealed), "InvalidParameterValue");
}

TEST_F(EncryptionTest, TheRegionsDefaultEncryptsWhatNobodySaysOtherwise) {
  encrypt_by_default("arn:chosen");
  EXPECT_EQ(key_of({}), "arn:chosen");
  EXPECT_EQ(key_of({.encrypted = false}), "arn:chosen");
  EXPECT_EQ(key_of({.kms_key = "alias/mine"}), "alias/mine");
}

TEST_F(EncryptionTest, ARootThatIsEncryptedHasASize) {
  EXPECT_EQ(words_of({{.device = kRootDevice}, {.device = "/dev/sdf", .gib = 2}}),
            "/dev/xvda unbounded as before; /dev/sdf 2 as before; ");
  EXPECT_EQ(words_of({{.device = kRootDevice, .asked = {.encrypted = true}}}), "/dev/xvda 8 alias/aws/ebs; ");
  const SnapshotRow folder{.id = "snap-1", .gib = 40, .is_disk = false};
  EXPECT_EQ(words_of({{.device = kRootDevice, .snapshot = folder, .asked = {.encrypted = true}}}),
            "NotImplemented");
  encrypt_by_default("");
  EXPECT_EQ(words_of({{.device = kRootDevice}, {.device = "/dev/sdf", .gib = 2}}),
            "/dev/xvda 8 alias/aws/ebs; /dev/sdf 2 alias/aws/ebs; ");
}

}  // namespace
}  // namespace holm::ec2
