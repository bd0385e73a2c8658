// Keys: what they encrypt, and what becomes of it when they change.

#include <gtest/gtest.h>

#include "base/strings.h"
#include "jobs/jobs.h"
#include "kms/handlers.h"
#include "kms/migrations.h"
#include "kms/operations.h"
#include "services/kms/keys.h"
#include "services/kms/service.h"
#include "support/service_tester.h"
#include "support/test_region.h"

namespace holm::kms {

namespace {

class KmsTest : public ::testing::Test {
 protected:
  KmsTest() {
    place.database->migrate({jobs::schema(), {"kms", migrations()}});
    jobs = jobs::make_manual_jobs(*place.database, place.clock);
    service = std::make_unique<Service>(Dependencies{*jobs, region, place.clock, place.random, {}});
    service->start();
  }

  std::string call(std::string_view operation, std::string_view json) {
    return test::call_service(place, model(), *service, operation, json);
  }
  // A text member of an answer.
  static std::string member(const std::string& answer, const std::string& name) {
    const size_t start = answer.find("\"" + name + "\":\"");
    if (start == std::string::npos) return "none in " + answer;
    const size_t from = start + name.size() + 4;
    return answer.substr(from, answer.find('"', from) - from);
  }
  std::string make_key() { return member(call("CreateKey", "{}"), "KeyId"); }
  std::string encrypt(const std::string& key, const std::string& text) {
    return member(call("Encrypt", R"({"KeyId":")" + key + R"(","Plaintext":")" + base64_encode(text) + "\"}"),
                  "CiphertextBlob");
  }
  std::string decrypt(const std::string& blob) {
    const std::string answer = call("Decrypt", R"({"CiphertextBlob":")" + blob + "\"}");
    if (!answer.starts_with("200")) return answer.substr(0, answer.find(':'));
    return base64_decode(member(answer, "Plaintext")).value_or("?");
  }
  void wait_days(int count) {
    place.clock.advance(std::chrono::days(count));
    jobs->run_due();
  }

  test::Place place;
  test::TestRegion region{*place.database, place.clock};
  std::unique_ptr<jobs::ManualJobs> jobs;
  std::unique_ptr<Service> service;
};

TEST_F(KmsTest, WhatAKeyEncryptsItDecrypts) {
  const std::string key = make_key(), other = make_key();
  const std::string blob = encrypt(key, "hello");
  EXPECT_EQ(decrypt(blob), "hello");
  EXPECT_NE(encrypt(key, "hello"), blob) << "no two are alike";
  EXPECT_TRUE(call("Decrypt", R"({"KeyId":")" + other + R"(","CiphertextBlob":")" + blob + "\"}")
                  .starts_with("400 IncorrectKeyException"));
  EXPECT_EQ(decrypt(base64_encode("nonsense")), "400 InvalidCiphertextException");
  std::string changed = *base64_decode(blob);
  changed.back() = static_cast<char>(changed.back() ^ 1);
  EXPECT_EQ(decrypt(base64_encode(changed)), "400 InvalidCiphertextException");
}

TEST_F(KmsTest, AContextIsPartOfTheSecret) {
  const std::string key = make_key();
  const std::string blob = member(call("Encrypt", R"({"KeyId":")" + key + R"(","Plaintext":"aGVsbG8=",)" +
                                                      R"("EncryptionContext":{"a":"b","c":"d"}})"),
                                  "CiphertextBlob");
  auto with = [&](const std::string& context) {
    return call("Decrypt", R"({"CiphertextBlob":")" + blob + R"(","EncryptionContext":)" + context + "}")
        .substr(0, 31);
  };
  EXPECT_TRUE(with(R"({"c":"d","a":"b"})").starts_with("200"));
  EXPECT_EQ(with(R"({"a":"b"})"), "400 InvalidCiphertextException:");
  EXPECT_EQ(with(R"({"a":"bc","":"d"})"), "400 InvalidCiphertextException:");
  EXPECT_EQ(with("{}"), "400 InvalidCiphertextException:");
}

TEST_F(KmsTest, KeysThatAreOffDoNothing) {
  const std::string key = make_key();
  const std::string blob = encrypt(key, "hello");
  call("DisableKey", R"({"KeyId":")" + key + "\"}");
  EXPECT_EQ(decrypt(blob), "400 DisabledException");
  call("EnableKey", R"({"KeyId":")" + key + "\"}");
  EXPECT_EQ(decrypt(blob), "hello");
  call("ScheduleKeyDeletion", R"({"KeyId":")" + key + R"(","PendingWindowInDays":7})");
  EXPECT_EQ(decrypt(blob), "400 KMSInvalidStateException");
  call("CancelKeyDeletion", R"({"KeyId":")" + key + "\"}");
  EXPECT_EQ(decrypt(blob), "400 DisabledException") << "back, but off";
  wait_days(8);
  EXPECT_NE(call("DescribeKey", R"({"KeyId":")" + key + "\"}").find("Disabled"), std::string::npos);
}

TEST_F(KmsTest, WhatIsDeletedIsGone) {
  const std::string key = make_key();
  const std::string blob = encrypt(key, "hello");
  EXPECT_TRUE(call("ScheduleKeyDeletion", R"({"KeyId":")" + key + R"(","PendingWindowInDays":6})")
                  .starts_with("400 ValidationException"));
  call("ScheduleKeyDeletion", R"({"KeyId":")" + key + R"(","PendingWindowInDays":7})");
  wait_days(6);
  EXPECT_TRUE(call("DescribeKey", R"({"KeyId":")" + key + "\"}").starts_with("200"));
  wait_days(1);
  EXPECT_TRUE(call("DescribeKey", R"({"KeyId":")" + key + "\"}").starts_with("400 NotFoundException"));
  EXPECT_EQ(decrypt(blob), "400 InvalidCiphertextException");
}

TEST_F(KmsTest, RotatedKeysOpenWhatTheyOnceEncrypted) {
  const std::string key = make_key();
  const std::string blob = encrypt(key, "hello");
  call("EnableKeyRotation", R"({"KeyId":")" + key + R"(","RotationPeriodInDays":90})");
  wait_days(90);
  const std::string later = encrypt(key, "hello");
  EXPECT_NE(parse_ciphertext(*base64_decode(later))->version,
            parse_ciphertext(*base64_decode(blob))->version);
  EXPECT_EQ(decrypt(blob), "hello");
  EXPECT_EQ(decrypt(later), "hello");
  wait_days(90);
  EXPECT_EQ(parse_ciphertext(*base64_decode(encrypt(key, "x")))->version, 3);
}

TEST_F(KmsTest, KeysAreFoundByTheirAliases) {
  const std::string key = make_key(), other = make_key();
  auto alias = [&](const std::string& operation, const std::string& name, const std::string& target) {
    return call(operation, R"({"AliasName":")" + name + R"(","TargetKeyId":")" + target + "\"}")
        .substr(0, 12);
  };
  EXPECT_EQ(alias("CreateAlias", "alias/a/b", key).substr(0, 3), "200");
  EXPECT_EQ(alias("CreateAlias", "alias/a/b", key), "400 AlreadyE");
  EXPECT_EQ(alias("CreateAlias", "alias/aws/mine", key), "400 InvalidA");
  EXPECT_EQ(alias("CreateAlias", "mine", key), "400 Validati");
  const std::string blob = encrypt("alias/a/b", "hello");
  EXPECT_EQ(parse_ciphertext(*base64_decode(blob))->key, key);
  EXPECT_EQ(
      parse_ciphertext(*base64_decode(encrypt("arn:aws:kms:eu-west-1:123456789012:alias/a/b", "x")))->key,
      key);
  EXPECT_EQ(alias("UpdateAlias", "alias/a/b", other).substr(0, 3), "200");
  EXPECT_EQ(parse_ciphertext(*base64_decode(encrypt("alias/a/b", "x")))->key, other);
  EXPECT_EQ(decrypt(blob), "hello");
  EXPECT_TRUE(call("DescribeKey", R"({"KeyId":"alias/none"})").starts_with("400 NotFoundException"));
}

TEST_F(KmsTest, WhatIsWrongWithNamesAndTagsIsToldInItsWords) {
  auto describe = [&](const std::string& id) { return call("DescribeKey", R"({"KeyId":")" + id + R"("})"); };
  EXPECT_EQ(describe("fake-key-id"), "400 NotFoundException: Invalid keyId 'fake-key-id'");
  EXPECT_EQ(describe("134f2428cec14b25a1ae9048164dba47"),
            "400 NotFoundException: Invalid keyId '134f2428cec14b25a1ae9048164dba47'");
  EXPECT_EQ(describe("00000000-0000-0000-0000-000000000000"),
            "400 NotFoundException: Key 'arn:aws:kms:eu-west-1:123456789012:key/"
            "00000000-0000-0000-0000-000000000000' does not exist");
  EXPECT_EQ(call("CreateKey", R"({"Tags":[{"TagKey":"aws:a","TagValue":"1"}]})"),
            "400 TagException: Tags beginning with aws: are reserved");
  EXPECT_EQ(call("CreateKey", R"({"Tags":[{"TagKey":"a","TagValue":"1"},{"TagKey":"a","TagValue":"2"}]})"),
            "400 TagException: Duplicate tag keys");
}

TEST_F(KmsTest, AServicesKeyIsMadeByTheServiceOnly) {
  const std::string use = R"({"KeyId":"alias/aws/s3","KeySpec":"AES_256"})";
  EXPECT_TRUE(call("GenerateDataKey", use).starts_with("400 NotFoundException"));
  place.caller.via_service = "s3.eu-west-1.amazonaws.com";
  const std::string made = call("GenerateDataKey", use);
  EXPECT_TRUE(made.starts_with("200")) << made;
  place.caller.via_service.clear();
  EXPECT_EQ(member(call("GenerateDataKey", use), "KeyId"), member(made, "KeyId"));
  EXPECT_NE(call("DescribeKey", R"({"KeyId":"alias/aws/s3"})").find(R"("KeyManager":"AWS")"),
            std::string::npos);
  EXPECT_TRUE(
      call("DisableKey", R"({"KeyId":")" + member(made, "KeyId") + "\"}").starts_with("403 AccessDenied"));
}

TEST_F(KmsTest, DataKeysComeWithTheirCiphertext) {
  const std::string key = make_key();
  const std::string made = call("GenerateDataKey", R"({"KeyId":")" + key + R"(","KeySpec":"AES_256"})");
  EXPECT_EQ(base64_decode(member(made, "Plaintext"))->size(), 32u);
  EXPECT_EQ(decrypt(member(made, "CiphertextBlob")), *base64_decode(member(made, "Plaintext")));
  const std::string hidden =
      call("GenerateDataKeyWithoutPlaintext", R"({"KeyId":")" + key + R"(","NumberOfBytes":7})");
  EXPECT_EQ(hidden.find("Plaintext"), std::string::npos);
  EXPECT_EQ(decrypt(member(hidden, "CiphertextBlob")).size(), 7u);
  EXPECT_TRUE(call("GenerateDataKey", R"({"KeyId":")" + key + "\"}").starts_with("400 ValidationException"));
}

TEST_F(KmsTest, WhatIsNotBuiltIsRefusedByName) {
  EXPECT_TRUE(call("CreateKey", R"({"KeySpec":"RSA_2048"})").starts_with("501 NotImplemented"));
  EXPECT_TRUE(call("CreateKey", R"({"MultiRegion":true})").starts_with("501 NotImplemented"));
  EXPECT_TRUE(call("CreateKey", R"({"Policy":"nonsense"})").starts_with("400 MalformedPolicyDocument"));
}

// Who may use a key is up to its policy, in its own account too.
TEST_F(KmsTest, AccessIsDecidedByTheKeysPolicy) {
  const std::string key = make_key();
  auto transaction = place.database->begin(sql::Access::Write);
  aws::Call one{place.caller, *transaction, region};
  const EncryptRequest input{.key_id = key, .plaintext = "x", .encryption_context = {{"a", "b"}}};
  const auto needed = service->access(*aws::find_operation(model(), "Encrypt"), &input, one);
  ASSERT_EQ(needed.size(), 1u);
  EXPECT_EQ(needed[0].action, "kms:Encrypt");
  EXPECT_EQ(needed[0].resource, "arn:aws:kms:eu-west-1:123456789012:key/" + key);
  EXPECT_EQ(needed[0].resource_rule, aws::ResourceRule::MustAllow);
  EXPECT_EQ(needed[0].resource_policy, default_policy("123456789012"));
  EXPECT_EQ(needed[0].context.at("kms:EncryptionContext:a"), std::vector<std::string>{"b"});
}

}  // namespace

}  // namespace holm::kms
