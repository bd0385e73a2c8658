// Users, their keys and groups, as AWS answers.

#include "services/iam/iam_fixture.h"

namespace holm::iam {

namespace {

TEST_F(IamTest, UsersAreMadeFoundRenamedAndDeleted) {
  play({
      {"there is nobody", "ListUsers", "{}", R"(200 {"Users":[],"IsTruncated":false})"},
      {"a user has an id, an ARN with its path and a date", "CreateUser",
       R"({"UserName":"Ann","Path":"/staff/","Tags":[{"Key":"Team","Value":"blue"}]})",
       R"(200 {"User":{"Path":"/staff/","UserName":"Ann","UserId":"AIDA?????????????????",)"
       R"("Arn":"arn:aws:iam::123456789012:user/staff/Ann","CreateDate":1767225600,)"
       R"("Tags":[{"Key":"Team","Value":"blue"}]}})"},
      {"names differ in more than case", "CreateUser", R"({"UserName":"ANN"})",
       "409 EntityAlreadyExists: User with name ANN already exists."},
      {"a name has no spaces", "CreateUser", R"({"UserName":"a b"})", "400 ValidationError: *userName*"},
      {"a path begins and ends with a slash", "CreateUser", R"({"UserName":"x","Path":"/a"})",
       "400 ValidationError: *path*"},
      {"a name is found whatever its case", "GetUser", R"({"UserName":"ann"})",
       R"(200 {"User":*"UserName":"Ann"*)"},
      {"nobody else is", "GetUser", R"({"UserName":"bob"})",
       "404 NoSuchEntity: The user with name bob cannot be found."},
      {"the root user asks about itself", "GetUser", "{}",
       R"(200 {"User":{"Path":"/","UserName":"","UserId":"123456789012","Arn":"arn:aws:iam::123456789012:root"*)"},
      {"another user", "CreateUser", R"({"UserName":"bob"})", "200 *"},
      {"a list can be of one path", "ListUsers", R"({"PathPrefix":"/staff/"})",
       R"(200 {"Users":[{*"Ann"*}],*)"},
      {"a list has no tags", "ListUsers", "{}", R"(200 {"Users":[{*"Ann"*},{*"bob"*}],"IsTruncated":false})"},
      {"a name may be somebody's already", "UpdateUser", R"({"UserName":"bob","NewUserName":"aNN"})",
       "409 EntityAlreadyExists: User with name aNN already exists."},
      {"a user can be renamed and moved", "UpdateUser",
       R"({"UserName":"bob","NewUserName":"Bob","NewPath":"/x/"})", "200 {}"},
      {"and has a new ARN", "GetUser", R"({"UserName":"bob"})", "200 *:user/x/Bob*"},
      {"a user is deleted", "DeleteUser", R"({"UserName":"bob"})", "200 {}"},
      {"once", "DeleteUser", R"({"UserName":"bob"})", "404 NoSuchEntity: *"},
      {"passwords are refused by name", "CreateLoginProfile", "{}", "501 NotImplemented: CreateLoginProfile"},
  });
}

TEST_F(IamTest, ListsComeInPages) {
  for (const char* name : {"c", "A", "b", "D"}) call("CreateUser", fmt::format(R"({{"UserName":"{}"}})", name));
  std::string first = call("ListUsers", R"({"MaxItems":3})");
  EXPECT_TRUE(matches_wildcard(R"(200 {*"A"*"b"*"c"*"IsTruncated":true,"Marker":"*"})", first)) << first;
  std::string marker = text_in(first, "Marker");
  std::string second = call("ListUsers", fmt::format(R"({{"MaxItems":3,"Marker":"{}"}})", marker));
  EXPECT_TRUE(matches_wildcard(R"(200 {"Users":[{*"D"*}],"IsTruncated":false})", second)) << second;
  EXPECT_EQ(call("ListUsers", R"({"Marker":"%"})"), "400 ValidationError: Invalid Marker.");
}

TEST_F(IamTest, TagsIgnoreTheCaseOfKeys) {
  play({
      {"", "CreateUser", R"({"UserName":"ann","Tags":[{"Key":"a","Value":"1"}]})", "200 *"},
      {"a key in another case replaces", "TagUser",
       R"({"UserName":"ann","Tags":[{"Key":"A","Value":"2"},{"Key":"b","Value":""}]})", "200 {}"},
      {"in the order of keys", "ListUserTags", R"({"UserName":"ann"})",
       R"(200 {"Tags":[{"Key":"A","Value":"2"},{"Key":"b","Value":""}],"IsTruncated":false})"},
      {"not twice in one request", "TagUser",
       R"({"UserName":"ann","Tags":[{"Key":"c","Value":"1"},{"Key":"C","Value":"1"}]})", "400 InvalidInput: *"},
      {"AWS's are AWS's", "TagUser", R"({"UserName":"ann","Tags":[{"Key":"AWS:x","Value":"1"}]})",
       "400 InvalidInput: *"},
      {"what is not there is no error", "UntagUser", R"({"UserName":"ann","TagKeys":["a","zz"]})", "200 {}"},
      {"", "ListUserTags", R"({"UserName":"ann"})", R"(200 {"Tags":[{"Key":"b","Value":""}],*)"},
  });
}

TEST_F(IamTest, AUserHasTwoKeysAtMost) {
  call("CreateUser", R"({"UserName":"ann"})");
  call("CreateUser", R"({"UserName":"bob"})");
  std::string made = call("CreateAccessKey", R"({"UserName":"ann"})");
  EXPECT_TRUE(
      matches_wildcard(R"(200 {"AccessKey":{"UserName":"ann","AccessKeyId":"AKIA????????????????",)"
                       R"("Status":"Active","SecretAccessKey":"????????????????????????????????????????",*)",
                       made))
      << made;
  std::string id = text_in(made, "AccessKeyId");
  std::string of_ann = fmt::format(R"({{"UserName":"ann","AccessKeyId":"{}","Status":"Inactive"}})", id);
  play({
      {"a second one", "CreateAccessKey", R"({"UserName":"ann"})", "200 *"},
      {"and no third", "CreateAccessKey", R"({"UserName":"ann"})",
       "409 LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2"},
      {"the root user has to name somebody", "CreateAccessKey", "{}", "400 ValidationError: *"},
      {"a key is its user's", "UpdateAccessKey",
       fmt::format(R"({{"UserName":"bob","AccessKeyId":"{}","Status":"Inactive"}})", id),
       fmt::format("404 NoSuchEntity: The Access Key with id {} cannot be found.", id)},
      {"it can be switched off", "UpdateAccessKey", of_ann, "200 {}"},
      {"lists have no secrets", "ListAccessKeys", R"({"UserName":"ann"})",
       R"(200 {"AccessKeyMetadata":[{"UserName":"ann","AccessKeyId":"*","Status":"*","CreateDate":1767225600},*)"},
      {"keys go before their user", "DeleteUser", R"({"UserName":"ann"})",
       "409 DeleteConflict: Cannot delete entity, must delete access keys first."},
      {"", "DeleteAccessKey", fmt::format(R"({{"UserName":"ann","AccessKeyId":"{}"}})", id), "200 {}"},
      {"", "DeleteAccessKey", fmt::format(R"({{"UserName":"ann","AccessKeyId":"{}"}})", id),
       "404 NoSuchEntity: *"},
  });
  EXPECT_EQ(call("ListAccessKeys", R"({"UserName":"ann"})").find("Secret"), std::string::npos);
}

TEST_F(IamTest, SecretsAreNotInTheDatabaseInClear) {
  call("CreateUser", R"({"UserName":"ann"})");
  std::string made = call("CreateAccessKey", R"({"UserName":"ann"})");
  std::string secret = text_in(made, "SecretAccessKey");
  auto reader = place.database->begin(sql::Access::Read);
  std::string stored =
      reader->find("SELECT secret FROM iam_access_key WHERE id = ?1", {text_in(made, "AccessKeyId")})->blob(0);
  EXPECT_EQ(stored.find(secret), std::string::npos);
  EXPECT_EQ(stored.size(), secret.size() + 28);
}

TEST_F(IamTest, AUserMayAskAboutItselfWithoutItsName) {
  std::string made = call("CreateUser", R"({"UserName":"ann","Path":"/x/"})");
  place.caller.principal = {.kind = aws::Principal::Kind::User,
                            .account = place.caller.account,
                            .arn = "arn:aws:iam::123456789012:user/x/ann",
                            .id = text_in(made, "UserId")};
  EXPECT_EQ(text_in(call("GetUser", "{}"), "UserName"), "ann");
  EXPECT_EQ(text_in(call("CreateAccessKey", "{}"), "UserName"), "ann");
}

TEST_F(IamTest, GroupsHaveMembers) {
  play({
      {"", "CreateGroup", R"({"GroupName":"admins","Path":"/g/"})",
       R"(200 {"Group":{"Path":"/g/","GroupName":"admins","GroupId":"AGPA*","Arn":"arn:*:group/g/admins",*)"},
      {"", "CreateGroup", R"({"GroupName":"Admins"})",
       "409 EntityAlreadyExists: Group with name Admins already exists."},
      {"", "CreateUser", R"({"UserName":"ann"})", "200 *"},
      {"", "AddUserToGroup", R"({"GroupName":"admins","UserName":"ann"})", "200 {}"},
      {"again changes nothing", "AddUserToGroup", R"({"GroupName":"admins","UserName":"ann"})", "200 {}"},
      {"", "AddUserToGroup", R"({"GroupName":"admins","UserName":"bob"})",
       "404 NoSuchEntity: The user with name bob cannot be found."},
      {"", "AddUserToGroup", R"({"GroupName":"none","UserName":"ann"})",
       "404 NoSuchEntity: The group with name none cannot be found."},
      {"", "GetGroup", R"({"GroupName":"admins"})",
       R"(200 {"Group":{*},"Users":[{*"UserName":"ann"*}],"IsTruncated":false})"},
      {"", "ListGroupsForUser", R"({"UserName":"ann"})", R"(200 {"Groups":[{*"admins"*}],*)"},
      {"", "ListGroups", R"({"PathPrefix":"/g/"})", R"(200 {"Groups":[{*"admins"*}],*)"},
      {"", "UpdateGroup", R"({"GroupName":"admins","NewGroupName":"chiefs"})", "200 {}"},
      {"members go before the group", "DeleteGroup", R"({"GroupName":"chiefs"})", "409 DeleteConflict: *"},
      {"groups go before the user", "DeleteUser", R"({"UserName":"ann"})", "409 DeleteConflict: *"},
      {"", "RemoveUserFromGroup", R"({"GroupName":"chiefs","UserName":"ann"})", "200 {}"},
      {"", "DeleteGroup", R"({"GroupName":"chiefs"})", "200 {}"},
      {"", "DeleteUser", R"({"UserName":"ann"})", "200 {}"},
  });
}

TEST_F(IamTest, AUserIsInTenGroupsAtMost) {
  call("CreateUser", R"({"UserName":"ann"})");
  for (int i = 0; i <= 10; ++i) {
    call("CreateGroup", fmt::format(R"({{"GroupName":"g{}"}})", i));
    std::string added = call("AddUserToGroup", fmt::format(R"({{"GroupName":"g{}","UserName":"ann"}})", i));
    EXPECT_EQ(added, i < 10 ? "200 {}" : "409 LimitExceeded: Cannot exceed quota for GroupsPerUser: 10");
  }
}

TEST_F(IamTest, AccountsDoNotSeeEachOther) {
  call("CreateUser", R"({"UserName":"ann"})");
  place.caller.account = "210987654321";
  EXPECT_EQ(call("ListUsers", "{}"), R"(200 {"Users":[],"IsTruncated":false})");
  EXPECT_EQ(call("CreateUser", R"({"UserName":"ann"})").substr(0, 3), "200");
}

}  // namespace

}  // namespace holm::iam
