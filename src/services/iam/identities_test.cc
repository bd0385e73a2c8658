// Whose a key is and what they may do, through every change that matters.

#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "services/iam/iam_fixture.h"
#include "services/iam/vault.h"

namespace holm::iam {

namespace {

using aws::CredentialProblem;
using std::chrono::hours;
using std::chrono::seconds;

class IdentitiesTest : public IamTest {
 protected:
  aws::IdentityProvider& identities() { return service.identities(); }

  aws::AccessKey make_key(const std::string& user) {
    call("CreateUser", fmt::format(R"({{"UserName":"{}"}})", user));
    std::string made = call("CreateAccessKey", fmt::format(R"({{"UserName":"{}"}})", user));
    return {text_in(made, "AccessKeyId"), text_in(made, "SecretAccessKey")};
  }

  aws::Principal principal_of(const aws::AccessKey& key) {
    return identities().find_credentials(key.access_key_id, "").value()->principal;
  }

  std::vector<std::string> names_of(const aws::Principal& principal) {
    std::vector<std::string> names;
    for (const auto& one : identities().policies_of(principal)->identity) {
      names.push_back(one.name.substr(one.name.rfind('/') + 1));
    }
    return names;
  }

  std::string make_role(const std::string& name) {
    return text_in(
        call("CreateRole", fmt::format(R"({{"RoleName":"{}","AssumeRolePolicyDocument":"$trust"}})", name)),
        "Arn");
  }
};

using Names = std::vector<std::string>;

TEST_F(IdentitiesTest, AKeyIsItsUsersUntilItIsSwitchedOffOrDeleted) {
  aws::AccessKey key = make_key("ann");
  auto found = identities().find_credentials(key.access_key_id, "").value();
  EXPECT_EQ(found->secret_access_key, key.secret_access_key);
  EXPECT_EQ(found->principal.kind, aws::Principal::Kind::User);
  EXPECT_EQ(found->principal.account, "123456789012");
  EXPECT_EQ(found->principal.arn, "arn:aws:iam::123456789012:user/ann");
  EXPECT_EQ(found->principal.access_key_id, key.access_key_id);
  EXPECT_EQ(found->principal.id.substr(0, 4), "AIDA");
  EXPECT_FALSE(found->expires_at);
  EXPECT_EQ(identities().find_credentials(key.access_key_id, "").value(), found) << "not from memory";

  std::string status = R"({{"UserName":"ann","AccessKeyId":"{}","Status":"{}"}})";
  call("UpdateAccessKey", fmt::format(fmt::runtime(status), key.access_key_id, "Inactive"));
  EXPECT_EQ(identities().find_credentials(key.access_key_id, "").error(), CredentialProblem::UnknownKey);
  call("UpdateAccessKey", fmt::format(fmt::runtime(status), key.access_key_id, "Active"));
  EXPECT_TRUE(identities().find_credentials(key.access_key_id, ""));
  call("DeleteAccessKey", fmt::format(R"({{"UserName":"ann","AccessKeyId":"{}"}})", key.access_key_id));
  EXPECT_EQ(identities().find_credentials(key.access_key_id, "").error(), CredentialProblem::UnknownKey);
  EXPECT_EQ(identities().find_credentials("AKIANOBODY", "").error(), CredentialProblem::UnknownKey);
}

TEST_F(IdentitiesTest, PoliciesFollowEveryChangeAtOnce) {
  aws::Principal ann = principal_of(make_key("ann"));
  EXPECT_EQ(names_of(ann), Names{});
  call("PutUserPolicy", R"({"UserName":"ann","PolicyName":"inline","PolicyDocument":"$allow"})");
  EXPECT_EQ(names_of(ann), Names{"inline"});
  call("AttachUserPolicy", R"({"UserName":"ann","PolicyArn":"arn:aws:iam::aws:policy/AmazonSQSFullAccess"})");
  EXPECT_EQ(names_of(ann), (Names{"inline", "AmazonSQSFullAccess"}));
  call("CreateGroup", R"({"GroupName":"g"})");
  call("PutGroupPolicy", R"({"GroupName":"g","PolicyName":"of-the-group","PolicyDocument":"$allow"})");
  call("AddUserToGroup", R"({"GroupName":"g","UserName":"ann"})");
  EXPECT_EQ(names_of(ann).back(), "of-the-group");
  call("RemoveUserFromGroup", R"({"GroupName":"g","UserName":"ann"})");
  call("DetachUserPolicy", R"({"UserName":"ann","PolicyArn":"arn:aws:iam::aws:policy/AmazonSQSFullAccess"})");
  EXPECT_EQ(names_of(ann), Names{"inline"});
  EXPECT_FALSE(identities().policies_of(ann)->boundary);
  call("PutUserPermissionsBoundary",
       R"({"UserName":"ann","PermissionsBoundary":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"})");
  EXPECT_TRUE(identities().policies_of(ann)->boundary);
  call("TagUser", R"({"UserName":"ann","Tags":[{"Key":"Team","Value":"blue"}]})");
  EXPECT_EQ(identities().policies_of(ann)->tags.at("Team"), "blue");
}

TEST_F(IdentitiesTest, WhoIsMadeAgainUnderTheSameNameIsSomebodyElse) {
  aws::AccessKey key = make_key("ann");
  aws::Principal old = principal_of(key);
  call("DeleteAccessKey", fmt::format(R"({{"UserName":"ann","AccessKeyId":"{}"}})", key.access_key_id));
  call("DeleteUser", R"({"UserName":"ann"})");
  aws::Principal young = principal_of(make_key("ann"));
  call("PutUserPolicy", R"({"UserName":"ann","PolicyName":"p","PolicyDocument":"$allow"})");
  EXPECT_EQ(names_of(young), Names{"p"});
  EXPECT_EQ(names_of(old), Names{});
}

TEST_F(IdentitiesTest, RootAndServicesMayDoEverythingAndTheAnonymousNothing) {
  EXPECT_EQ(names_of(place.caller.principal), Names{"everything"});
  EXPECT_EQ(names_of(aws::service_principal("rds.amazonaws.com", "123456789012")), Names{"everything"});
  EXPECT_EQ(names_of({}), Names{});
}

TEST_F(IdentitiesTest, ASessionLastsAsLongAsItSays) {
  std::string arn = make_role("web");
  auto issued =
      identities().issue_session({.role_arn = arn, .session_name = "s", .duration = hours(1)}).value();
  EXPECT_EQ(issued.key.access_key_id.substr(0, 4), "ASIA");
  EXPECT_EQ(issued.expiration, place.clock.now() + hours(1));
  const std::string& id = issued.key.access_key_id;
  auto found = identities().find_credentials(id, issued.session_token).value();
  EXPECT_EQ(found->secret_access_key, issued.key.secret_access_key);
  EXPECT_EQ(found->principal.kind, aws::Principal::Kind::AssumedRole);
  EXPECT_EQ(found->principal.arn, "arn:aws:sts::123456789012:assumed-role/web/s");
  EXPECT_EQ(found->principal.role_arn, arn);
  EXPECT_TRUE(matches_wildcard("AROA*:s", found->principal.id));
  EXPECT_EQ(found->issued_at, place.clock.now());
  place.clock.advance(hours(1) - seconds(1));
  EXPECT_TRUE(identities().find_credentials(id, issued.session_token));
  place.clock.advance(seconds(1));
  EXPECT_EQ(identities().find_credentials(id, issued.session_token).error(), CredentialProblem::ExpiredToken);
}

TEST_F(IdentitiesTest, ATokenThatWasTouchedOrIsAnothersIsNone) {
  std::string arn = make_role("web");
  aws::SessionRequest request{.role_arn = arn, .session_name = "s", .duration = hours(1)};
  auto one = identities().issue_session(request).value();
  auto other = identities().issue_session(request).value();
  const std::string& id = one.key.access_key_id;
  auto problem = [&](std::string_view key, std::string_view token) {
    return identities().find_credentials(key, token).error();
  };
  EXPECT_EQ(problem(id, other.session_token), CredentialProblem::InvalidToken);
  EXPECT_EQ(problem(id, ""), CredentialProblem::UnknownKey);
  EXPECT_EQ(problem(make_key("ann").access_key_id, one.session_token), CredentialProblem::InvalidToken);
  for (size_t i = 0; i < one.session_token.size(); i += 7) {
    std::string touched = one.session_token;
    touched[i] = touched[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(problem(id, touched), CredentialProblem::InvalidToken) << i;
  }
}

TEST_F(IdentitiesTest, SessionsSurviveARestartWithTheSameKeyOnly) {
  auto issued =
      identities().issue_session({.role_arn = make_role("web"), .session_name = "s", .duration = hours(1)});
  aws::AccessKey long_lived = make_key("ann");
  auto restarted = [&](crypto::Aead::Key key) {
    return Service({*place.database, place.clock, place.random, events, key});
  };
  Service same = restarted({1, 2, 3});
  Service other = restarted({9});
  const std::string& id = issued->key.access_key_id;
  EXPECT_TRUE(same.identities().find_credentials(id, issued->session_token));
  EXPECT_TRUE(same.identities().find_credentials(long_lived.access_key_id, ""));
  EXPECT_FALSE(other.identities().find_credentials(id, issued->session_token));
  EXPECT_FALSE(other.identities().find_credentials(long_lived.access_key_id, ""));
}

TEST_F(IdentitiesTest, SessionPoliciesNarrowARole) {
  std::string arn = make_role("web");
  call("PutRolePolicy", R"({"RoleName":"web","PolicyName":"p","PolicyDocument":"$allow"})");
  aws::SessionRequest request{
      .role_arn = arn, .session_name = "s", .duration = hours(1), .session_policy = kAllowGet};
  auto policies = [&] {
    auto issued = identities().issue_session(request).value();
    auto found = identities().find_credentials(issued.key.access_key_id, issued.session_token).value();
    return identities().policies_of(found->principal);
  };
  EXPECT_EQ(policies()->session->document, kAllowGet);
  request.session_policy_arns = {"arn:aws:iam::aws:policy/AmazonSQSFullAccess"};
  EXPECT_TRUE(matches_wildcard("*s3:GetObject*sqs:?*", policies()->session->document));
  EXPECT_EQ(policies()->identity.size(), 1u);
  // A managed policy that is gone does not set the session free.
  request.session_policy = "";
  request.session_policy_arns = {"arn:aws:iam::123456789012:policy/gone"};
  EXPECT_TRUE(matches_wildcard("*\"Deny\"*", policies()->session->document));
}

TEST_F(IdentitiesTest, ARoleIsGivenOnlyToTheServicesThatItTrusts) {
  std::string arn = make_role("web");
  auto issued = identities().issue_role_credentials(arn, "ec2.amazonaws.com", "i-1", hours(6)).value();
  auto found = identities().find_credentials(issued.key.access_key_id, issued.session_token).value();
  EXPECT_EQ(found->principal.arn, "arn:aws:sts::123456789012:assumed-role/web/i-1");
  EXPECT_FALSE(identities().issue_role_credentials(arn, "lambda.amazonaws.com", "f", hours(6)));
  EXPECT_FALSE(identities().issue_role_credentials(arn + "x", "ec2.amazonaws.com", "i-1", hours(6)));
}

TEST_F(IdentitiesTest, ADeletedRolesSessionsMayDoNothing) {
  std::string arn = make_role("web");
  call("PutRolePolicy", R"({"RoleName":"web","PolicyName":"p","PolicyDocument":"$allow"})");
  auto issued = identities().issue_role_credentials(arn, "ec2.amazonaws.com", "i-1", hours(6)).value();
  auto found = identities().find_credentials(issued.key.access_key_id, issued.session_token).value();
  EXPECT_EQ(names_of(found->principal), Names{"p"});
  call("DeleteRolePolicy", R"({"RoleName":"web","PolicyName":"p"})");
  call("DeleteRole", R"({"RoleName":"web"})");
  make_role("web");
  call("PutRolePolicy", R"({"RoleName":"web","PolicyName":"p","PolicyDocument":"$allow"})");
  EXPECT_EQ(names_of(found->principal), Names{});
}

TEST_F(IdentitiesTest, TheFirstStartMakesAnAdministratorOnce) {
  aws::AccessKey key = identities().bootstrap("111122223333").value();
  aws::Principal administrator = principal_of(key);
  EXPECT_EQ(administrator.arn, "arn:aws:iam::111122223333:user/administrator");
  EXPECT_EQ(names_of(administrator), Names{"AdministratorAccess"});
  aws::AccessKey again = identities().bootstrap("111122223333").value();
  EXPECT_EQ(again.access_key_id, key.access_key_id);
  EXPECT_EQ(again.secret_access_key, key.secret_access_key);
  place.caller.account = "111122223333";
  call("DeleteAccessKey",
       fmt::format(R"({{"UserName":"administrator","AccessKeyId":"{}"}})", key.access_key_id));
  EXPECT_FALSE(identities().bootstrap("111122223333")) << "who deleted the key meant it";
}

TEST_F(IdentitiesTest, AKeysIdTellsItsAccount) {
  aws::AccessKey key = identities().bootstrap("999999999999").value();
  EXPECT_EQ(identities().account_of(key.access_key_id), "999999999999");
  EXPECT_EQ(make_access_key(KeyKind::Temporary, "000000000001", place.random).access_key_id.substr(0, 4),
            "ASIA");
  EXPECT_EQ(
      identities().account_of(make_access_key(KeyKind::Temporary, "000000000001", place.random).access_key_id),
      "000000000001");
  // AWS's documented example of a key's account does not hold for old keys; what is no key has none.
  for (std::string_view none : {"", "AKIA", "AKIA0000000000000000", "XXXXQQQQQQQQQQQQQQQQ"}) {
    EXPECT_FALSE(identities().account_of(none)) << none;
  }
}

TEST_F(IdentitiesTest, WhatIsRolledBackIsNotForgottenNorSeen) {
  aws::Principal ann = principal_of(make_key("ann"));
  EXPECT_EQ(call("PutUserPolicy", R"({"UserName":"ann","PolicyName":"p","PolicyDocument":"{}"})").substr(0, 3),
            "400");
  EXPECT_EQ(names_of(ann), Names{});
}

TEST(KeyFile, IsMadeOnceAndIsTheOwnersAlone) {
  std::string folder = (std::filesystem::temp_directory_path() / "holm-iam-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  std::string path = folder + "/identity.key";
  test::SeededRandom random;
  auto made = load_or_make_key(path, random).value();
  EXPECT_EQ(load_or_make_key(path, random).value(), made);
  using std::filesystem::perms;
  EXPECT_EQ(std::filesystem::status(path).permissions(), perms::owner_read | perms::owner_write);
  ASSERT_TRUE(write_file_durably(path, "short"));
  EXPECT_FALSE(load_or_make_key(path, random)) << "a damaged key must not be replaced";
  std::filesystem::remove_all(folder);
}

}  // namespace

}  // namespace holm::iam
