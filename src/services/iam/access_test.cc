// Which resources and condition keys IAM's operations are asked permission for.

#include "services/iam/iam_fixture.h"

namespace holm::iam {

namespace {

class AccessTest : public IamTest {
 protected:
  std::vector<aws::Access> needed(std::string_view operation_name, std::string_view json) {
    const aws::Operation* operation = aws::find_operation(model(), operation_name);
    aws::Box input = operation->make_input();
    EXPECT_TRUE(aws::read_json(json, *operation->input, input.get()));
    auto transaction = place.database->begin(sql::Access::Read);
    aws::Call request{place.caller, *transaction, place.region};
    return service.access(*operation, input.get(), request);
  }
};

TEST_F(AccessTest, OperationsAreAboutTheEntityThatTheyName) {
  call("CreateUser", R"({"UserName":"ann","Path":"/staff/"})");
  struct Case {
    std::string operation, request, resource;
  };
  const Case cases[] = {
      {"ListUsers", "{}", "*"},
      {"GetUser", R"({"UserName":"ANN"})", "arn:aws:iam::123456789012:user/staff/ann"},
      {"GetUser", R"({"UserName":"none"})", "arn:aws:iam::123456789012:user/none"},
      {"GetUser", "{}", "arn:aws:iam::123456789012:root"},
      {"CreateAccessKey", "{}", "arn:aws:iam::123456789012:root"},
      {"CreateRole", R"({"RoleName":"r","Path":"/a/"})", "arn:aws:iam::123456789012:role/a/r"},
      {"CreatePolicy", R"({"PolicyName":"p","Path":"/a/"})", "arn:aws:iam::123456789012:policy/a/p"},
      {"AddUserToGroup", R"({"UserName":"ann","GroupName":"g"})", "arn:aws:iam::123456789012:group/g"},
      {"GetPolicy", R"({"PolicyArn":"arn:aws:iam::aws:policy/X"})", "arn:aws:iam::aws:policy/X"},
      {"AttachRolePolicy", R"({"RoleName":"r","PolicyArn":"arn:aws:iam::aws:policy/X"})",
       "arn:aws:iam::123456789012:role/r"},
  };
  for (const Case& one : cases) {
    std::vector<aws::Access> access = needed(one.operation, one.request);
    ASSERT_EQ(access.size(), 1u) << one.operation;
    EXPECT_EQ(access[0].action, "iam:" + one.operation);
    EXPECT_EQ(access[0].resource, one.resource) << one.operation << one.request;
  }
}

TEST_F(AccessTest, PuttingARoleIntoAProfilePassesIt) {
  std::vector<aws::Access> access =
      needed("AddRoleToInstanceProfile", R"({"RoleName":"r","InstanceProfileName":"p"})");
  ASSERT_EQ(access.size(), 2u);
  EXPECT_EQ(access[0].resource, "arn:aws:iam::123456789012:instance-profile/p");
  EXPECT_EQ(access[1].action, "iam:PassRole");
  EXPECT_EQ(access[1].resource, "arn:aws:iam::123456789012:role/r");
  EXPECT_EQ(access[1].context.at("iam:PassedToService"), std::vector<std::string>{"ec2.amazonaws.com"});
}

TEST_F(AccessTest, ConditionsSeePoliciesBoundariesAndTags) {
  call("CreateUser", R"({"UserName":"ann","Tags":[{"Key":"Team","Value":"blue"}]})");
  using Values = std::vector<std::string>;
  aws::Access attach = needed("AttachUserPolicy", R"({"UserName":"ann","PolicyArn":"arn:x"})")[0];
  EXPECT_EQ(attach.context.at("iam:PolicyARN"), Values{"arn:x"});
  EXPECT_EQ(attach.context.at("aws:ResourceTag/Team"), Values{"blue"});
  aws::Access create = needed(
      "CreateRole", R"({"RoleName":"r","PermissionsBoundary":"arn:b","Tags":[{"Key":"a","Value":"1"}]})")[0];
  EXPECT_EQ(create.context.at("iam:PermissionsBoundary"), Values{"arn:b"});
  EXPECT_EQ(create.context.at("aws:RequestTag/a"), Values{"1"});
  EXPECT_EQ(create.context.at("aws:TagKeys"), Values{"a"});
}

}  // namespace

}  // namespace holm::iam
