// Access control lists: what they say, and who is let in by them.

#include "services/s3/acls.h"

#include <gtest/gtest.h>

#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

class Acls : public ::testing::Test {
 protected:
  void SetUp() override { s3.create_bucket("bbb"); }

  void put(const std::string& key, std::optional<std::string> canned = std::nullopt) {
    PutObjectRequest request{.acl = std::move(canned), .bucket = "bbb", .key = key};
    request.body = std::make_shared<async::StringSource>("x");
    s3.call<PutObject>(std::move(request));
  }
  // "main:FULL_CONTROL AllUsers:READ": by names, where there are.
  std::string list_of(const std::string& key) {
    const auto output = s3.call<GetObjectAcl>({.bucket = "bbb", .key = key});
    std::string text = "owner " + name_of(*output.owner->id);
    for (const Grant& grant : output.grants) {
      const Grantee& grantee = *grant.grantee;
      const std::string who =
          grantee.uri ? grantee.uri->substr(grantee.uri->rfind('/') + 1) : name_of(*grantee.id);
      text += ", " + who + " " + *grant.permission;
    }
    return text;
  }
  static std::string name_of(const std::string& id) {
    if (id == canonical_id(kTestAccount)) return "main";
    return id == canonical_id(kOtherAccount) ? "other" : id;
  }
  std::string set(AccessControlPolicy policy) {
    return s3.outcome<PutObjectAcl>(
        {.access_control_policy = std::move(policy), .bucket = "bbb", .key = "k"});
  }

  TestFolder folder;
  TestS3 s3{folder.path(), NewBuckets::Classic};
};

TEST_F(Acls, GiveTheOwnerEverythingByThemselves) {
  put("k");
  EXPECT_EQ(list_of("k"), "owner main, main FULL_CONTROL");
  EXPECT_EQ(s3.call<GetObjectAcl>({.bucket = "bbb", .key = "k"}).owner->display_name, "main")
      << "the account's alias";
}

TEST_F(Acls, ThatAreCannedSayWhatTheyAreCalled) {
  put("k", "public-read-write");
  EXPECT_EQ(list_of("k"), "owner main, AllUsers READ, AllUsers WRITE, main FULL_CONTROL");
  s3.call<PutObjectAcl>({.acl = "authenticated-read", .bucket = "bbb", .key = "k"});
  EXPECT_EQ(list_of("k"), "owner main, AuthenticatedUsers READ, main FULL_CONTROL");
  EXPECT_EQ(s3.outcome<PutObjectAcl>({.acl = "nonsense", .bucket = "bbb", .key = "k"}),
            "400 InvalidArgument");
  EXPECT_EQ(s3.outcome<PutObjectAcl>({.bucket = "bbb", .key = "k"}), "400 MissingSecurityHeader");
  put("k", "");
  EXPECT_EQ(list_of("k"), "owner main, main FULL_CONTROL") << "an empty header is none";
}

TEST_F(Acls, OfWhatOthersWriteAreTheWriters) {
  s3.act_as(kOtherAccount);
  put("k", "bucket-owner-read");
  EXPECT_EQ(list_of("k"), "owner other, other FULL_CONTROL, main READ");
  s3.call<PutBucketOwnershipControls>(
      {.bucket = "bbb", .ownership_controls = {.rules = {{.object_ownership = "BucketOwnerPreferred"}}}});
  put("k", "bucket-owner-full-control");
  EXPECT_EQ(list_of("k"), "owner main, main FULL_CONTROL") << "given away by the writer";
  put("k");
  EXPECT_EQ(list_of("k"), "owner other, other FULL_CONTROL");
  s3.call<PutBucketOwnershipControls>(
      {.bucket = "bbb", .ownership_controls = {.rules = {{.object_ownership = "BucketOwnerEnforced"}}}});
  EXPECT_EQ(list_of("k"), "owner main, main FULL_CONTROL") << "everything is the bucket owner's";
}

TEST_F(Acls, NameOnlyWhoExists) {
  put("k");
  auto grant = [](Grantee grantee) {
    return AccessControlPolicy{.grants = {{.grantee = std::move(grantee), .permission = "READ"}},
                               .owner = Owner{.id = canonical_id(kTestAccount)}};
  };
  EXPECT_EQ(set(grant({.id = canonical_id(kOtherAccount), .type = "CanonicalUser"})), "200");
  EXPECT_EQ(list_of("k"), "owner main, other READ");
  EXPECT_EQ(set(grant({.id = "nobody", .type = "CanonicalUser"})), "400 InvalidArgument");
  EXPECT_EQ(set(grant({.email_address = "a@example.com", .type = "AmazonCustomerByEmail"})),
            "400 UnresolvableGrantByEmailAddress");
  EXPECT_EQ(set(grant({.type = "Group", .uri = "http://example.com/all"})), "400 InvalidArgument");
  EXPECT_EQ(set({.owner = Owner{.id = canonical_id(kOtherAccount)}}), "403 AccessDenied")
      << "nobody takes an object by saying that it is theirs";
  EXPECT_EQ(set({}), "400 MalformedACLError") << "nor without saying whose it is";
}

TEST_F(Acls, OfHeadersReplaceTheOwnersOwnGrant) {
  PutObjectRequest request{
      .bucket = "bbb", .grant_read = "uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"", .key = "k"};
  s3.call<PutObject>(std::move(request));
  EXPECT_EQ(list_of("k"), "owner main, AllUsers READ");
  PutObjectRequest both{.acl = "private", .bucket = "bbb", .grant_read = "id=x", .key = "k"};
  EXPECT_EQ(s3.outcome<PutObject>(std::move(both)), "400 InvalidRequest");
}

TEST_F(Acls, ThatArePublicCanBeBlocked) {
  s3.call<PutPublicAccessBlock>(
      {.bucket = "bbb", .public_access_block_configuration = {.block_public_acls = true}});
  PutObjectRequest request{.acl = "public-read", .bucket = "bbb", .key = "k"};
  EXPECT_EQ(s3.outcome<PutObject>(std::move(request)), "403 AccessDenied");
  EXPECT_EQ(s3.outcome<PutBucketAcl>({.acl = "public-read", .bucket = "bbb"}), "403 AccessDenied");
  EXPECT_EQ(s3.outcome<PutBucketAcl>({.acl = "private", .bucket = "bbb"}), "200");
}

TEST_F(Acls, LetInWhomTheyName) {
  const aws::Principal other{.kind = aws::Principal::Kind::User, .account = kOtherAccount, .id = "AIDA"};
  const aws::Principal nobody;
  const Grant to_all{
      .grantee = Grantee{.type = "Group", .uri = "http://acs.amazonaws.com/groups/global/AllUsers"},
      .permission = "READ"};
  const Grant to_other{.grantee = Grantee{.id = canonical_id(kOtherAccount), .type = "CanonicalUser"},
                       .permission = "FULL_CONTROL"};
  EXPECT_FALSE(policy_of({to_other}, nobody, "READ", PublicGrants::Count));
  EXPECT_NE(policy_of({to_other}, other, "WRITE_ACP", PublicGrants::Count)->find(kOtherAccount),
            std::string::npos);
  EXPECT_NE(policy_of({to_all}, nobody, "READ", PublicGrants::Count)->find("\"Principal\":\"*\""),
            std::string::npos);
  EXPECT_FALSE(policy_of({to_all}, nobody, "READ", PublicGrants::Ignore));
  EXPECT_FALSE(policy_of({to_all}, nobody, "WRITE", PublicGrants::Count));
}

TEST(NewBucketsTest, AsOnAwsTodayTakeNoLists) {
  TestFolder folder;
  TestS3 s3(folder.path());
  s3.create_bucket("bbb");
  EXPECT_EQ(s3.outcome<PutBucketAcl>({.acl = "public-read", .bucket = "bbb"}),
            "400 AccessControlListNotSupported");
  PutObjectRequest request{.acl = "private", .bucket = "bbb", .key = "k"};
  EXPECT_EQ(s3.outcome<PutObject>(request), "200") << "says what is so anyway";
  EXPECT_EQ(s3.outcome<CreateMultipartUpload>({.acl = "private", .bucket = "bbb", .key = "k"}), "200");
  EXPECT_EQ(s3.outcome<PutBucketAcl>({.acl = "private", .bucket = "bbb"}),
            "400 AccessControlListNotSupported");
  request.acl = "public-read";
  EXPECT_EQ(s3.outcome<PutObject>(request), "400 AccessControlListNotSupported");
  request.acl = "private";
  s3.act_as(kOtherAccount);
  EXPECT_EQ(s3.outcome<PutObject>(request), "400 AccessControlListNotSupported")
      << "would be another account's alone";
  request.acl = "bucket-owner-full-control";
  EXPECT_EQ(s3.outcome<PutObject>(request), "200");
  s3.act_as(kTestAccount);
  EXPECT_EQ(s3.outcome<CreateBucket>({.acl = "public-read",
                                      .bucket = "public",
                                      .create_bucket_configuration =
                                          CreateBucketConfiguration{.location_constraint = "eu-west-1"}}),
            "400 InvalidBucketAclWithObjectOwnership");
  EXPECT_EQ(s3.outcome<CreateBucket>(
                {.acl = "public-read",
                 .bucket = "public",
                 .create_bucket_configuration = CreateBucketConfiguration{.location_constraint = "eu-west-1"},
                 .object_ownership = "ObjectWriter"}),
            "400 InvalidBucketAclWithBlockPublicAccessError");
}

}  // namespace

}  // namespace holm::s3
