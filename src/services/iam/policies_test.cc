// Roles, instance profiles and policies, as AWS answers.

#include "aws/policy/policy.h"
#include "services/iam/aws_policies.h"
#include "services/iam/iam_fixture.h"

namespace holm::iam {

namespace {

TEST_F(IamTest, RolesAreMadeChangedAndDeleted) {
  std::vector<std::string> deleted;
  events.subscribe("iam.role-deleted",
                   [&](sql::Transaction&, const aws::Event& event) { deleted.push_back(event.resource); });
  play({
      {"a role says who may assume it", "CreateRole",
       R"({"RoleName":"web","Path":"/app/","AssumeRolePolicyDocument":"$trust","Description":"d"})",
       R"(200 {"Role":{"Path":"/app/","RoleName":"web","RoleId":"AROA*","Arn":"arn:aws:iam::*:role/app/web",*)"
       R"("AssumeRolePolicyDocument":"%7B%22Version%22*","Description":"d"}})"},
      {"", "CreateRole", R"({"RoleName":"Web","AssumeRolePolicyDocument":"$trust"})",
       "409 EntityAlreadyExists: Role with name Web already exists."},
      {"what is no policy is refused", "CreateRole", R"({"RoleName":"x","AssumeRolePolicyDocument":"{}"})",
       "400 MalformedPolicyDocument: *"},
      {"a trust policy has principals", "CreateRole", R"({"RoleName":"x","AssumeRolePolicyDocument":"$allow"})",
       "400 MalformedPolicyDocument: *"},
      {"sessions last twelve hours at most", "CreateRole",
       R"({"RoleName":"x","AssumeRolePolicyDocument":"$trust","MaxSessionDuration":43201})",
       "400 ValidationError: *"},
      {"", "GetRole", R"({"RoleName":"none"})", "404 NoSuchEntity: The role with name none cannot be found."},
      {"", "UpdateRole", R"({"RoleName":"web","MaxSessionDuration":7200})", "200 {}"},
      {"", "GetRole", R"({"RoleName":"web"})", R"(200 *"Description":"d","MaxSessionDuration":7200*)"},
      {"", "UpdateRoleDescription", R"({"RoleName":"web","Description":"e"})", R"(200 *"Description":"e"*)"},
      {"", "UpdateAssumeRolePolicy", R"({"RoleName":"web","PolicyDocument":"[]"})",
       "400 MalformedPolicyDocument: *"},
      {"", "UpdateAssumeRolePolicy", R"({"RoleName":"web","PolicyDocument":"$trust"})", "200 {}"},
      {"", "ListRoles", R"({"PathPrefix":"/app/"})", R"(200 {"Roles":[{*"web"*}],"IsTruncated":false})"},
      {"", "TagRole", R"({"RoleName":"web","Tags":[{"Key":"k","Value":"v"}]})", "200 {}"},
      {"", "ListRoleTags", R"({"RoleName":"web"})", R"(200 {"Tags":[{"Key":"k","Value":"v"}],*)"},
      {"", "UntagRole", R"({"RoleName":"web","TagKeys":["K"]})", "200 {}"},
      {"", "ListRoleTags", R"({"RoleName":"web"})", R"(200 {"Tags":[],"IsTruncated":false})"},
      {"", "PutRolePolicy", R"({"RoleName":"web","PolicyName":"p","PolicyDocument":"$allow"})", "200 {}"},
      {"", "DeleteRole", R"({"RoleName":"web"})",
       "409 DeleteConflict: Cannot delete entity, must delete policies first."},
      {"", "DeleteRolePolicy", R"({"RoleName":"web","PolicyName":"p"})", "200 {}"},
      {"", "DeleteRole", R"({"RoleName":"web"})", "200 {}"},
      {"", "DeleteRole", R"({"RoleName":"web"})", "404 NoSuchEntity: *"},
  });
  EXPECT_EQ(deleted, std::vector<std::string>{"arn:aws:iam::123456789012:role/app/web"});
}

TEST_F(IamTest, AnInstanceProfileHoldsOneRole) {
  call("CreateRole", R"({"RoleName":"web","AssumeRolePolicyDocument":"$trust"})");
  call("CreateRole", R"({"RoleName":"db","AssumeRolePolicyDocument":"$trust"})");
  play({
      {"", "CreateInstanceProfile", R"({"InstanceProfileName":"p","Tags":[{"Key":"a","Value":"b"}]})",
       R"(200 {"InstanceProfile":{"Path":"/","InstanceProfileName":"p","InstanceProfileId":"AIPA*","Arn":)"
       R"("arn:aws:iam::123456789012:instance-profile/p","CreateDate":1767225600,"Roles":[],"Tags":[{*}]}})"},
      {"", "CreateInstanceProfile", R"({"InstanceProfileName":"P"})",
       "409 EntityAlreadyExists: Instance Profile P already exists."},
      {"", "AddRoleToInstanceProfile", R"({"InstanceProfileName":"p","RoleName":"web"})", "200 {}"},
      {"", "AddRoleToInstanceProfile", R"({"InstanceProfileName":"p","RoleName":"db"})",
       "409 LimitExceeded: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"},
      {"", "AddRoleToInstanceProfile", R"({"InstanceProfileName":"none","RoleName":"db"})",
       "404 NoSuchEntity: Instance Profile none cannot be found."},
      {"", "GetInstanceProfile", R"({"InstanceProfileName":"p"})", R"(200 *"Roles":[{*"RoleName":"web"*}]*)"},
      {"", "ListInstanceProfiles", "{}", R"(200 {"InstanceProfiles":[{*"p"*}],*)"},
      {"", "ListInstanceProfilesForRole", R"({"RoleName":"web"})", R"(200 {"InstanceProfiles":[{*"p"*}],*)"},
      {"", "ListInstanceProfilesForRole", R"({"RoleName":"db"})", R"(200 {"InstanceProfiles":[],*)"},
      {"", "DeleteInstanceProfile", R"({"InstanceProfileName":"p"})", "409 DeleteConflict: *"},
      {"", "DeleteRole", R"({"RoleName":"web"})",
       "409 DeleteConflict: Cannot delete entity, must remove roles from instance profile first."},
      {"", "RemoveRoleFromInstanceProfile", R"({"InstanceProfileName":"p","RoleName":"db"})",
       "404 NoSuchEntity: *"},
      {"", "RemoveRoleFromInstanceProfile", R"({"InstanceProfileName":"p","RoleName":"web"})", "200 {}"},
      {"", "TagInstanceProfile", R"({"InstanceProfileName":"p","Tags":[{"Key":"c","Value":""}]})", "200 {}"},
      {"", "UntagInstanceProfile", R"({"InstanceProfileName":"p","TagKeys":["a"]})", "200 {}"},
      {"", "ListInstanceProfileTags", R"({"InstanceProfileName":"p"})",
       R"(200 {"Tags":[{"Key":"c","Value":""}],*)"},
      {"", "DeleteInstanceProfile", R"({"InstanceProfileName":"p"})", "200 {}"},
  });
}

constexpr char kArn[] = "arn:aws:iam::123456789012:policy/x/get";

TEST_F(IamTest, ManagedPoliciesHaveVersions) {
  play({
      {"", "CreatePolicy", R"({"PolicyName":"get","Path":"/x/","PolicyDocument":"$allow","Description":"d"})",
       R"(200 {"Policy":{"PolicyName":"get","PolicyId":"ANPA*","Arn":"arn:aws:iam::123456789012:policy/x/get",)"
       R"("Path":"/x/","DefaultVersionId":"v1","AttachmentCount":0,*"IsAttachable":true*)"},
      {"", "CreatePolicy", R"({"PolicyName":"Get","PolicyDocument":"$allow"})",
       "409 EntityAlreadyExists: A policy called Get already exists. Duplicate names are not allowed."},
      {"", "CreatePolicy", R"({"PolicyName":"trust","PolicyDocument":"$trust"})",
       "400 MalformedPolicyDocument: *"},
      {"", "CreatePolicyVersion", fmt::format(R"({{"PolicyArn":"{}","PolicyDocument":"$allow"}})", kArn),
       R"(200 {"PolicyVersion":{"VersionId":"v2","IsDefaultVersion":false,*)"},
      {"", "CreatePolicyVersion",
       fmt::format(R"({{"PolicyArn":"{}","PolicyDocument":"$allow","SetAsDefault":true}})", kArn),
       R"(200 {"PolicyVersion":{"VersionId":"v3","IsDefaultVersion":true,*)"},
      {"", "DeletePolicyVersion", fmt::format(R"({{"PolicyArn":"{}","VersionId":"v3"}})", kArn),
       "409 DeleteConflict: Cannot delete the default version of a policy."},
      {"", "SetDefaultPolicyVersion", fmt::format(R"({{"PolicyArn":"{}","VersionId":"v2"}})", kArn), "200 {}"},
      {"", "DeletePolicyVersion", fmt::format(R"({{"PolicyArn":"{}","VersionId":"v3"}})", kArn), "200 {}"},
      {"numbers are not used again", "CreatePolicyVersion",
       fmt::format(R"({{"PolicyArn":"{}","PolicyDocument":"$allow"}})", kArn), R"(200 *"VersionId":"v4"*)"},
      {"the newest first", "ListPolicyVersions", fmt::format(R"({{"PolicyArn":"{}"}})", kArn),
       R"(200 {"Versions":[{"VersionId":"v4",*{"VersionId":"v2","IsDefaultVersion":true*{"VersionId":"v1"*)"},
      {"", "GetPolicyVersion", fmt::format(R"({{"PolicyArn":"{}","VersionId":"v2"}})", kArn),
       R"(200 {"PolicyVersion":{"Document":"%7B%22Version%22%3A%222012-10-17%22*","VersionId":"v2",*)"},
      {"", "GetPolicyVersion", fmt::format(R"({{"PolicyArn":"{}","VersionId":"v3"}})", kArn),
       "404 NoSuchEntity: *"},
      {"", "CreatePolicyVersion", fmt::format(R"({{"PolicyArn":"{}","PolicyDocument":"$allow"}})", kArn),
       "200 *"},
      {"", "CreatePolicyVersion", fmt::format(R"({{"PolicyArn":"{}","PolicyDocument":"$allow"}})", kArn),
       "200 *"},
      {"five at most", "CreatePolicyVersion",
       fmt::format(R"({{"PolicyArn":"{}","PolicyDocument":"$allow"}})", kArn),
       "409 LimitExceeded: A managed policy can have up to 5 versions.*"},
      {"", "DeletePolicy", fmt::format(R"({{"PolicyArn":"{}"}})", kArn),
       "409 DeleteConflict: This policy has more than one version.*"},
  });
}

TEST_F(IamTest, PoliciesAreAttachedAndDetached) {
  call("CreatePolicy", R"({"PolicyName":"get","Path":"/x/","PolicyDocument":"$allow"})");
  call("CreateUser", R"({"UserName":"ann"})");
  call("CreateGroup", R"({"GroupName":"g"})");
  call("CreateRole", R"({"RoleName":"web","AssumeRolePolicyDocument":"$trust"})");
  std::string own = fmt::format(R"("PolicyArn":"{}"}})", kArn);
  std::string aws = R"("PolicyArn":"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"})";
  play({
      {"", "AttachUserPolicy", R"({"UserName":"ann",)" + own, "200 {}"},
      {"again changes nothing", "AttachUserPolicy", R"({"UserName":"ann",)" + own, "200 {}"},
      {"", "AttachGroupPolicy", R"({"GroupName":"g",)" + own, "200 {}"},
      {"", "AttachRolePolicy", R"({"RoleName":"web",)" + own, "200 {}"},
      {"", "AttachRolePolicy", R"({"RoleName":"web",)" + aws, "200 {}"},
      {"what AWS does not have, or holm does not know, is no policy", "AttachRolePolicy",
       R"({"RoleName":"web","PolicyArn":"arn:aws:iam::aws:policy/NoSuchThing"})",
       "404 NoSuchEntity: Policy arn:aws:iam::aws:policy/NoSuchThing does not exist or is not attachable."},
      {"the path is part of the name", "AttachRolePolicy",
       R"({"RoleName":"web","PolicyArn":"arn:aws:iam::123456789012:policy/get"})", "404 NoSuchEntity: *"},
      {"", "ListAttachedRolePolicies", R"({"RoleName":"web"})",
       R"(200 {"AttachedPolicies":[{"PolicyName":"get","PolicyArn":"*"},{"PolicyName":"AWSLambdaBasic*"}],*)"},
      {"", "ListAttachedRolePolicies", R"({"RoleName":"web","PathPrefix":"/service-role/"})",
       R"(200 {"AttachedPolicies":[{"PolicyName":"AWSLambdaBasic*"}],"IsTruncated":false})"},
      {"", "ListAttachedUserPolicies", R"({"UserName":"ann"})", R"(200 {"AttachedPolicies":[{*"get"*}],*)"},
      {"", "ListAttachedGroupPolicies", R"({"GroupName":"g"})", R"(200 {"AttachedPolicies":[{*"get"*}],*)"},
      {"", "ListEntitiesForPolicy", "{" + own,
       R"(200 {"PolicyGroups":[{"GroupName":"g",*}],"PolicyUsers":[{*"ann"*}],"PolicyRoles":[{*"web"*}],*)"},
      {"", "ListEntitiesForPolicy", R"({"EntityFilter":"Role",)" + own,
       R"(200 {"PolicyGroups":[],"PolicyUsers":[],"PolicyRoles":[{*"web"*}],"IsTruncated":false})"},
      {"", "ListEntitiesForPolicy", R"({"PolicyUsageFilter":"PermissionsBoundary",)" + own,
       R"(200 {"PolicyGroups":[],"PolicyUsers":[],"PolicyRoles":[],"IsTruncated":false})"},
      {"", "GetPolicy", "{" + own, R"(200 *"AttachmentCount":3*)"},
      {"", "DeletePolicy", "{" + own, "409 DeleteConflict: Cannot delete a policy attached to entities."},
      {"", "DeleteRole", R"({"RoleName":"web"})",
       "409 DeleteConflict: Cannot delete entity, must detach all policies first."},
      {"", "DetachUserPolicy", R"({"UserName":"ann",)" + own, "200 {}"},
      {"", "DetachUserPolicy", R"({"UserName":"ann",)" + own,
       fmt::format("404 NoSuchEntity: Policy {} was not found.", kArn)},
      {"", "DetachGroupPolicy", R"({"GroupName":"g",)" + own, "200 {}"},
      {"", "DetachRolePolicy", R"({"RoleName":"web",)" + own, "200 {}"},
      {"", "DeletePolicy", "{" + own, "200 {}"},
      {"AWS's own cannot be deleted", "DeletePolicy", "{" + aws, "403 AccessDenied: *"},
      {"", "GetPolicy", "{" + own, "404 NoSuchEntity: *"},
      {"", "GetPolicy", "{" + aws, R"(200 *"PolicyName":"AWSLambdaBasicExecutionRole"*"AttachmentCount":1*)"},
      {"", "ListPolicies", R"({"OnlyAttached":true})",
       R"(200 {"Policies":[{*"AWSLambdaBasic*}],"IsTruncated":false})"},
      {"", "ListPolicies", R"({"Scope":"Local"})", R"(200 {"Policies":[],"IsTruncated":false})"},
  });
}

TEST_F(IamTest, BoundariesKeepTheirPolicy) {
  call("CreatePolicy", R"({"PolicyName":"get","Path":"/x/","PolicyDocument":"$allow"})");
  std::string boundary = fmt::format(R"("PermissionsBoundary":"{}"}})", kArn);
  play({
      {"", "CreateUser", R"({"UserName":"ann",)" + boundary,
       R"(200 *"PermissionsBoundary":{"PermissionsBoundaryType":"Policy","PermissionsBoundaryArn":"*/get"}*)"},
      {"", "CreateUser", R"({"UserName":"bob","PermissionsBoundary":"arn:aws:iam::123456789012:policy/no"})",
       "404 NoSuchEntity: *"},
      {"", "CreateRole", R"({"RoleName":"web","AssumeRolePolicyDocument":"$trust"})", "200 *"},
      {"", "PutRolePermissionsBoundary", R"({"RoleName":"web",)" + boundary, "200 {}"},
      {"", "DeleteUserPermissionsBoundary", R"({"UserName":"ann"})", "200 {}"},
      {"", "DeleteUserPermissionsBoundary", R"({"UserName":"ann"})", "404 NoSuchEntity: *"},
      {"", "PutUserPermissionsBoundary", R"({"UserName":"ann",)" + boundary, "200 {}"},
      {"", "DeletePolicy", fmt::format(R"({{"PolicyArn":"{}"}})", kArn), "409 DeleteConflict: *"},
      {"", "DeleteRolePermissionsBoundary", R"({"RoleName":"web"})", "200 {}"},
      {"", "GetRole", R"({"RoleName":"web"})", R"(200 *"MaxSessionDuration":3600}})"},
  });
}

TEST_F(IamTest, InlinePoliciesBelongToOneEntity) {
  call("CreateUser", R"({"UserName":"ann"})");
  call("CreateGroup", R"({"GroupName":"g"})");
  std::string large = fmt::format(
      R"({{\"Version\":\"2012-10-17\",\"Statement\":{{\"Effect\":\"Allow\",)"
      R"(\"Action\":\"s3:Get{}\",\"Resource\":\"*\"}}}})",
      std::string(2000, 'x'));
  play({
      {"", "PutUserPolicy", R"({"UserName":"ann","PolicyName":"p","PolicyDocument":"$allow"})", "200 {}"},
      {"", "PutGroupPolicy", R"({"GroupName":"g","PolicyName":"p","PolicyDocument":"$allow"})", "200 {}"},
      {"a bad one changes nothing", "PutUserPolicy",
       R"({"UserName":"ann","PolicyName":"p","PolicyDocument":"{"})", "400 MalformedPolicyDocument: *"},
      {"", "GetUserPolicy", R"({"UserName":"ann","PolicyName":"p"})",
       R"(200 {"UserName":"ann","PolicyName":"p","PolicyDocument":"%7B*GetObject*"})"},
      {"", "GetGroupPolicy", R"({"GroupName":"g","PolicyName":"p"})", R"(200 {"GroupName":"g",*)"},
      {"", "GetUserPolicy", R"({"UserName":"ann","PolicyName":"q"})",
       "404 NoSuchEntity: The user policy with name q cannot be found."},
      {"all together have a size", "PutUserPolicy",
       R"({"UserName":"ann","PolicyName":"q","PolicyDocument":")" + large + R"("})",
       "409 LimitExceeded: Maximum policy size of 2048 bytes exceeded for user ann"},
      {"", "ListUserPolicies", R"({"UserName":"ann"})", R"(200 {"PolicyNames":["p"],"IsTruncated":false})"},
      {"", "ListGroupPolicies", R"({"GroupName":"g"})", R"(200 {"PolicyNames":["p"],"IsTruncated":false})"},
      {"", "DeleteUser", R"({"UserName":"ann"})",
       "409 DeleteConflict: Cannot delete entity, must delete policies first."},
      {"", "DeleteUserPolicy", R"({"UserName":"ann","PolicyName":"p"})", "200 {}"},
      {"", "DeleteUserPolicy", R"({"UserName":"ann","PolicyName":"p"})", "404 NoSuchEntity: *"},
      {"", "DeleteGroupPolicy", R"({"GroupName":"g","PolicyName":"p"})", "200 {}"},
  });
}

TEST_F(IamTest, ServiceLinkedRolesAreTheServices) {
  std::string made = call("CreateServiceLinkedRole", R"({"AWSServiceName":"autoscaling.amazonaws.com"})");
  EXPECT_EQ(
      text_in(made, "Arn"),
      "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling");
  play({
      {"", "CreateServiceLinkedRole", R"({"AWSServiceName":"autoscaling.amazonaws.com"})",
       "400 InvalidInput: *taken*"},
      {"", "CreateServiceLinkedRole", R"({"AWSServiceName":"coffee.amazonaws.com"})", "400 InvalidInput: *"},
      {"", "AttachRolePolicy",
       R"({"RoleName":"AWSServiceRoleForAutoScaling","PolicyArn":"arn:aws:iam::aws:policy/AdministratorAccess"})",
       "400 UnmodifiableEntity: *"},
      {"", "DeleteRole", R"({"RoleName":"AWSServiceRoleForAutoScaling"})", "400 UnmodifiableEntity: *"},
      {"nobody makes one by hand", "CreateRole",
       R"({"RoleName":"x","Path":"/aws-service-role/x/","AssumeRolePolicyDocument":"$trust"})",
       "400 InvalidInput: *"},
      {"", "GetServiceLinkedRoleDeletionStatus", R"({"DeletionTaskId":"task/none"})", "404 NoSuchEntity: *"},
  });
  std::string task = text_in(call("DeleteServiceLinkedRole", R"({"RoleName":"AWSServiceRoleForAutoScaling"})"),
                             "DeletionTaskId");
  EXPECT_EQ(call("GetServiceLinkedRoleDeletionStatus", fmt::format(R"({{"DeletionTaskId":"{}"}})", task)),
            R"(200 {"Status":"SUCCEEDED"})");
}

TEST_F(IamTest, TheAccountIsSummedUp) {
  call("CreateUser", R"({"UserName":"ann"})");
  play({
      {"", "GetAccountSummary", "{}", R"(200 {"SummaryMap":{*"Users":1,"UsersQuota":5000*)"},
      {"", "ListAccountAliases", "{}", R"(200 {"AccountAliases":[],"IsTruncated":false})"},
      {"", "CreateAccountAlias", R"({"AccountAlias":"school"})", "200 {}"},
      {"", "ListAccountAliases", "{}", R"(200 {"AccountAliases":["school"],"IsTruncated":false})"},
      {"", "DeleteAccountAlias", R"({"AccountAlias":"other"})", "404 NoSuchEntity: *"},
      {"", "DeleteAccountAlias", R"({"AccountAlias":"school"})", "200 {}"},
  });
}

TEST(AwsPolicies, AllAreValidAndFoundByTheirArn) {
  std::string_view last;
  for (const AwsPolicy& one : aws_policies()) {
    auto parsed = aws::policy::parse(one.document);
    ASSERT_TRUE(parsed) << one.name << ": " << parsed.error().message;
    auto valid = aws::policy::validate(*parsed, aws::policy::PolicyKind::Identity);
    EXPECT_TRUE(valid) << one.name;
    EXPECT_EQ(find_aws_policy(one.arn()), &one);
    EXPECT_LT(last, one.name);
    last = one.name;
  }
  EXPECT_EQ(find_aws_policy("arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole"), nullptr)
      << "without its path";
  EXPECT_NE(find_aws_policy("arn:aws:iam::aws:policy/AWSLambdaExecute"), nullptr) << "this one has none";
}

}  // namespace

}  // namespace holm::iam
