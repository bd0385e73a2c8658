// Secure strings: what is kept of them, who gets to read them, and what KMS has to do with it.

#include "services/ssm/secure_strings.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "kms/operations.h"
#include "services/ssm/service.h"
#include "ssm/handlers.h"
#include "ssm/migrations.h"
#include "ssm/operations.h"
#include "support/service_tester.h"
#include "support/test_region.h"

namespace holm::ssm {

namespace {

// "key|context|text" is what a key makes of a text; the key "gone" there is none of.
class RegionWithKeys final : public test::TestRegion {
 public:
  using TestRegion::TestRegion;

 protected:
  aws::Box invoke(aws::Call& call, const aws::Principal&, std::string_view, std::string_view operation,
                  const void* input) override {
    EXPECT_EQ(call.via_service, "ssm.eu-west-1.amazonaws.com");
    if (operation == "Encrypt") {
      const auto& request = *static_cast<const kms::EncryptRequest*>(input);
      EXPECT_LE(request.plaintext.size(), 4096);
      if (request.key_id == "gone") throw aws::ServiceError("NotFoundException", 400, "Invalid keyId 'gone'");
      const std::string context = request.encryption_context.at("PARAMETER_ARN");
      return aws::make_box(
          kms::EncryptResponse{.ciphertext_blob = request.key_id + "|" + context + "|" + request.plaintext});
    }
    const auto& request = *static_cast<const kms::DecryptRequest*>(input);
    const auto parts = split(*request.ciphertext_blob, '|');
    EXPECT_EQ(parts[1], request.encryption_context.at("PARAMETER_ARN"));
    if (parts[0] == "secret") throw aws::ServiceError("AccessDeniedException", 400, "You may not.");
    return aws::make_box(kms::DecryptResponse{.plaintext = std::string(parts[2])});
  }
};

class SecureStringsTest : public ::testing::Test {
 protected:
  SecureStringsTest() { place.database->migrate({{"ssm", migrations()}}); }

  template <class Operation>
  typename Operation::Output call(const typename Operation::Input& input) {
    auto transaction = place.database->begin(sql::Access::Write);
    aws::Caller caller = place.caller;
    caller.now = place.clock.now();
    aws::Call call{caller, *transaction, region};
    aws::Box output = aws::find_operation(model(), Operation::name)
                          ->invoke(service, call, static_cast<const void*>(&input));
    transaction->commit();
    return *static_cast<typename Operation::Output*>(output.get());
  }
  std::string kept() {
    auto transaction = place.database->begin(sql::Access::Read);
    return transaction->find("SELECT group_concat(value, ' ') FROM ssm_parameter")->text(0);
  }
  static PutParameterRequest secure(const std::string& name, const std::string& value) {
    return {.name = name, .value = value, .type = "SecureString"};
  }

  test::Place place;
  RegionWithKeys region{*place.database, place.clock};
  Service service;
};

constexpr char kArn[] = "arn:aws:ssm:eu-west-1:123456789012:parameter/p/one";

TEST_F(SecureStringsTest, AreKeptAndToldEncryptedUnlessTheyAreWantedDecrypted) {
  call<PutParameter>(secure("/p/one", "hush"));
  const std::string encrypted = base64_encode(std::string("alias/aws/ssm|") + kArn + "|hush");
  EXPECT_EQ(kept(), encrypted);
  EXPECT_EQ(call<GetParameter>({.name = "/p/one"}).parameter->value, encrypted);
  EXPECT_EQ(call<GetParameter>({.name = "/p/one", .with_decryption = true}).parameter->value, "hush");
  EXPECT_EQ(call<GetParameters>({.names = {"/p/one"}, .with_decryption = true}).parameters.at(0).value,
            "hush");
  EXPECT_EQ(call<GetParametersByPath>({.path = "/p", .with_decryption = true}).parameters.at(0).value,
            "hush");
  EXPECT_EQ(call<GetParameterHistory>({.name = "/p/one", .with_decryption = true}).parameters.at(0).value,
            "hush");
  EXPECT_EQ(call<DescribeParameters>({}).parameters.at(0).key_id, "alias/aws/ssm");
}

TEST_F(SecureStringsTest, LongOnesAreEncryptedPieceByPiece) {
  const std::string text(8192, 'x');
  PutParameterRequest request = secure("/p/one", text);
  request.tier = "Advanced";
  request.key_id = "own";
  call<PutParameter>(request);
  EXPECT_EQ(call<GetParameter>({.name = "/p/one", .with_decryption = true}).parameter->value, text);
}

TEST_F(SecureStringsTest, WhatKmsRefusesIsToldAsSsmTellsIt) {
  PutParameterRequest request = secure("/p/one", "hush");
  request.key_id = "gone";
  EXPECT_THROW(call<PutParameter>(request), InvalidKeyId);
  request.key_id = "secret";
  call<PutParameter>(request);
  EXPECT_THROW(call<GetParameter>({.name = "/p/one", .with_decryption = true}), aws::AccessDenied);
  EXPECT_NO_THROW(call<GetParameter>({.name = "/p/one"}));
}

TEST_F(SecureStringsTest, OtherParametersHaveNoKey) {
  PutParameterRequest request = secure("/p/one", "told");
  request.type = "String";
  request.key_id = "own";
  EXPECT_THROW(call<PutParameter>(request), aws::ServiceError);
  request.key_id.reset();
  call<PutParameter>(request);
  EXPECT_EQ(call<GetParameter>({.name = "/p/one", .with_decryption = true}).parameter->value, "told");
}

}  // namespace

}  // namespace holm::ssm
