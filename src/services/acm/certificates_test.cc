// Certificates as clients meet them.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "acm/handlers.h"
#include "acm/migrations.h"
#include "base/files.h"
#include "base/strings.h"
#include "crypto/certificate.h"
#include "formats/json.h"
#include "jobs/jobs.h"
#include "net/certificate_directory.h"
#include "services/acm/service.h"
#include "support/service_tester.h"
#include "support/test_region.h"

namespace holm::acm {
namespace {

class CertificatesTest : public testing::Test {
 protected:
  CertificatesTest() { service.start(); }

  static std::unique_ptr<sql::Database>& migrated(test::Place& place) {
    place.database->migrate("acm", migrations());
    return place.database;
  }
  Authority make_authority() {
    auto key = crypto::PrivateKey::generate(crypto::KeyKind::EcP256);
    auto certificate = crypto::issue_authority({.common_name = "root",
                                                .dns_names = {},
                                                .ip_addresses = {},
                                                .not_before = place.clock.now() - std::chrono::hours(48),
                                                .not_after = place.clock.now() + std::chrono::hours(24 * 3650)},
                                               key, place.random);
    return {*certificate, key};
  }
  std::string call(std::string_view operation, std::string_view json) {
    return test::call_service(place, model(), service, operation, json);
  }
  static std::string member(const std::string& answer, const std::string& name) {
    const size_t begin = answer.find("\"" + name + "\":\"");
    if (begin == std::string::npos) return {};
    const size_t start = begin + name.size() + 4;
    return answer.substr(start, answer.find('"', start) - start);
  }
  // Of an elliptic curve, which is made quickly.
  std::string request(const std::string& more = "") {
    return member(call("RequestCertificate",
                       R"({"DomainName": "Shop.test", "SubjectAlternativeNames": ["*.shop.test", "shop.test"],
                           "ValidationMethod": "DNS", "KeyAlgorithm": "EC_prime256v1")" + more + "}"),
                  "CertificateArn");
  }
  std::string of(const std::string& arn) { return R"({"CertificateArn": ")" + arn + "\"}"; }
  std::string describe(const std::string& arn) { return call("DescribeCertificate", of(arn)); }

  test::Place place;
  std::unique_ptr<sql::Database>& database = migrated(place);
  std::unique_ptr<jobs::ManualJobs> jobs = jobs::make_manual_jobs(*database, place.clock);
  test::TestRegion region{*place.database, place.clock};
  net::CertificateDirectory directory;
  Authority authority = make_authority();
  Service service{{.jobs = *jobs,
                   .region = region,
                   .certificates = directory,
                   .clock = place.clock,
                   .random = place.random,
                   .key = {1, 2, 3},
                   .authority = authority}};
};

TEST_F(CertificatesTest, WhatIsRequestedIsIssuedByTheAuthority) {
  const std::string arn = request();
  ASSERT_TRUE(arn.starts_with("arn:aws:acm:eu-west-1:123456789012:certificate/")) << arn;
  const std::string described = describe(arn);
  EXPECT_EQ(member(described, "Status"), "ISSUED");
  EXPECT_NE(described.find(R"("Type":"AMAZON_ISSUED")"), std::string::npos);
  EXPECT_EQ(member(described, "DomainName"), "shop.test");
  EXPECT_EQ(member(described, "KeyAlgorithm"), "EC_prime256v1");
  EXPECT_EQ(member(described, "SignatureAlgorithm"), "SHA256WITHECDSA");
  EXPECT_NE(described.find(R"("SubjectAlternativeNames":["shop.test","*.shop.test"])"), std::string::npos)
      << described;
  EXPECT_NE(described.find(".acm-validations.aws."), std::string::npos);

  auto got = formats::parse_json(call("GetCertificate", of(arn)).substr(4)).value();
  const std::string& body = *got.find("Certificate")->as_string();
  const std::string& chain = *got.find("CertificateChain")->as_string();
  EXPECT_EQ(chain, authority.certificate_pem);
  EXPECT_TRUE(crypto::verify_chain(body, "", authority.certificate_pem, place.clock.now()).has_value());

  auto served = directory.find(arn);
  ASSERT_NE(served, nullptr) << "data planes get it";
  EXPECT_EQ(served->names, (std::vector<std::string>{"shop.test", "*.shop.test"}));
}

TEST_F(CertificatesTest, ATokenMakesOneCertificateOfSeveralRequests) {
  const std::string first = request(R"(, "IdempotencyToken": "again")");
  EXPECT_EQ(request(R"(, "IdempotencyToken": "again")"), first);
  EXPECT_NE(request(R"(, "IdempotencyToken": "other")"), first);
  place.clock.advance(std::chrono::hours(2));
  EXPECT_NE(request(R"(, "IdempotencyToken": "again")"), first);
}

TEST_F(CertificatesTest, BadRequestsAreToldWhy) {
  struct Row {
    const char* operation;
    const char* request;
    const char* answer;
  };
  const Row rows[] = {
      {"RequestCertificate", R"({"DomainName": "not_a domain"})", "400 ValidationError*"},
      {"RequestCertificate", R"({"DomainName": "a..b"})", "400 *"},
      {"RequestCertificate", R"({"DomainName": "a.test", "KeyAlgorithm": "RSA_4096"})",
       "501 *KeyAlgorithm RSA_4096*"},
      {"RequestCertificate", R"({"DomainName": "a.test", "CertificateAuthorityArn": "arn:aws:acm-pca:a:1:b/c"})",
       "501 *CertificateAuthorityArn*"},
      {"DescribeCertificate", R"({"CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/none"})",
       "400 ResourceNotFoundException: Could not find certificate*"},
      {"DescribeCertificate", R"({"CertificateArn": "arn:aws:iam::123456789012:user/x"})",
       "400 ValidationError*"},
      {"DescribeCertificate", R"({"CertificateArn": "arn:aws:acm:eu-west-1:123456789012:thing/x"})",
       "400 InvalidArnException*"},
      {"ExportCertificate", R"({"CertificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/x"})", "501 *"},
  };
  for (const Row& row : rows) {
    const std::string answer = call(row.operation, row.request);
    EXPECT_TRUE(matches_wildcard(row.answer, answer)) << row.request << "\n" << answer;
  }
}

TEST_F(CertificatesTest, OnesOwnAreImportedAndImportedAnew) {
  auto import = [&](const std::string& name, const crypto::PrivateKey& given, const std::string& arn) {
    auto key = crypto::PrivateKey::generate(crypto::KeyKind::EcP256);
    auto body = crypto::issue_leaf({.common_name = name,
                                    .dns_names = {name},
                                    .ip_addresses = {},
                                    .not_before = place.clock.now() - std::chrono::hours(1),
                                    .not_after = place.clock.now() + std::chrono::hours(1)},
                                   key, {authority.certificate_pem, authority.key}, place.random);
    const bool fits = &given == &authority.key;
    formats::Object asked;
    asked.set("Certificate", base64_encode(*body));
    asked.set("PrivateKey", base64_encode(fits ? key.to_pem() : given.to_pem()));
    if (!arn.empty()) asked.set("CertificateArn", arn);
    return call("ImportCertificate", formats::write_json(asked));
  };
  const auto other = crypto::PrivateKey::generate(crypto::KeyKind::EcP256);
  const std::string refused = import("own.test", other, "");
  EXPECT_TRUE(refused.starts_with("400 ValidationException: The private key does not match")) << refused;
  const std::string arn = member(import("own.test", authority.key, ""), "CertificateArn");
  EXPECT_NE(describe(arn).find(R"("Type":"IMPORTED")"), std::string::npos);
  EXPECT_EQ(member(describe(arn), "DomainName"), "own.test");
  EXPECT_EQ(member(import("new.test", authority.key, arn), "CertificateArn"), arn);
  EXPECT_EQ(member(describe(arn), "DomainName"), "new.test");
  EXPECT_EQ(directory.find(arn)->names, std::vector<std::string>{"new.test"});
  EXPECT_TRUE(import("x.test", authority.key, request()).starts_with("400 ")) << "not over an issued one";
  place.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(member(describe(arn), "Status"), "EXPIRED");
}

TEST_F(CertificatesTest, WhatIsServedIsNotDeleted) {
  const std::string arn = request();
  directory.set_users("elbv2", {{arn, {"arn:of:a:balancer"}}});
  EXPECT_NE(describe(arn).find("arn:of:a:balancer"), std::string::npos);
  EXPECT_TRUE(call("DeleteCertificate", of(arn)).starts_with("400 ResourceInUseException"));
  directory.set_users("elbv2", {});
  EXPECT_TRUE(call("DeleteCertificate", of(arn)).starts_with("200"));
  EXPECT_EQ(directory.find(arn), nullptr);
  EXPECT_TRUE(describe(arn).starts_with("400 ResourceNotFoundException"));
}

TEST_F(CertificatesTest, WhatIsServedIsRenewedInTime) {
  const std::string used = request();
  const std::string unused = request();
  directory.set_users("elbv2", {{used, {"arn:of:a:balancer"}}});
  const std::string serial = member(describe(used), "Serial");
  place.clock.advance(std::chrono::hours(24 * 300));
  jobs->run_due();
  EXPECT_EQ(member(describe(used), "Serial"), serial) << "too early";
  place.clock.advance(std::chrono::hours(24 * 40));
  jobs->run_due();
  EXPECT_NE(member(describe(used), "Serial"), serial);
  EXPECT_EQ(member(describe(used), "RenewalStatus"), "SUCCESS");
  place.clock.advance(std::chrono::hours(24 * 60));
  EXPECT_EQ(member(describe(used), "Status"), "ISSUED");
  EXPECT_EQ(member(describe(unused), "Status"), "EXPIRED");
}

TEST_F(CertificatesTest, ListsAreCutIntoPagesAndFiltered) {
  for (int i = 0; i < 3; ++i) request();
  EXPECT_EQ(call("ListCertificates", "{}"), R"(200 {"CertificateSummaryList":[]})") << "without EC keys, as AWS";
  const std::string keys = R"("Includes": {"keyTypes": ["EC_prime256v1"]})";
  auto first = formats::parse_json(call("ListCertificates", "{" + keys + R"(, "MaxItems": 2})").substr(4)).value();
  EXPECT_EQ(first.find("CertificateSummaryList")->as_array()->size(), 2u);
  const std::string next = *first.find("NextToken")->as_string();
  const std::string rest = call("ListCertificates", "{" + keys + R"(, "NextToken": ")" + next + "\"}");
  auto second = formats::parse_json(rest.substr(4)).value();
  EXPECT_EQ(second.find("CertificateSummaryList")->as_array()->size(), 1u);
  EXPECT_EQ(second.find("NextToken"), nullptr);
}

TEST_F(CertificatesTest, TagsComeAndGo) {
  const std::string arn = request(R"(, "Tags": [{"Key": "a", "Value": "1"}])");
  call("AddTagsToCertificate", R"({"CertificateArn": ")" + arn + R"(", "Tags": [{"Key": "b", "Value": "2"}]})");
  call("RemoveTagsFromCertificate",
       R"({"CertificateArn": ")" + arn + R"(", "Tags": [{"Key": "a", "Value": "other"}, {"Key": "b"}]})");
  EXPECT_EQ(call("ListTagsForCertificate", of(arn)), R"(200 {"Tags":[{"Key":"a","Value":"1"}]})");
}

TEST_F(CertificatesTest, TheNextDaemonServesThemToo) {
  const std::string arn = request();
  directory.remove(arn);
  auto later = jobs::make_manual_jobs(*database, place.clock);
  Service next({.jobs = *later,
                .region = region,
                .certificates = directory,
                .clock = place.clock,
                .random = place.random,
                .key = {1, 2, 3},
                .authority = authority});
  next.start();
  EXPECT_NE(directory.find(arn), nullptr);
}

TEST(Authority, IsMadeOnceAndNeverReplaced) {
  char name[] = "/tmp/holm-authority-XXXXXX";
  const std::string folder = ::mkdtemp(name);
  test::Place place;
  auto made = load_or_make_authority(folder + "/authority.pem", place.clock.now(), place.random);
  ASSERT_TRUE(made.has_value()) << made.error().message;
  auto again = load_or_make_authority(folder + "/authority.pem", place.clock.now(), place.random);
  EXPECT_EQ(again->certificate_pem, made->certificate_pem);
  EXPECT_EQ(read_authority_certificate(folder + "/authority.pem").value(), made->certificate_pem);
  ASSERT_TRUE(write_file_durably(folder + "/authority.pem", "nonsense").has_value());
  EXPECT_FALSE(load_or_make_authority(folder + "/authority.pem", place.clock.now(), place.random).has_value());
  EXPECT_EQ(read_file(folder + "/authority.pem").value(), "nonsense");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace holm::acm
