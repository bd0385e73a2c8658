// The CloudFormation types of IAM: what a stack makes, changes and leaves behind.

#include "services/iam/resources.h"

#include "base/check.h"
#include "formats/json.h"
#include "services/iam/iam_fixture.h"

namespace holm::iam {

namespace {

// Calls IAM's own handlers, inside the caller's transaction.
class IamRegion final : public test::NoRegion {
 public:
  explicit IamRegion(Service& service) : service_(service) {}

  bool may(aws::Call&, const aws::Principal&, const aws::Access&) override { return true; }

 protected:
  aws::Box invoke(aws::Call& parent, const aws::Principal&, std::string_view, std::string_view operation,
                  const void* input) override {
    const aws::Operation* found = aws::find_operation(model(), operation);
    CHECK(found != nullptr && !aws::validate(*found->input, input));
    return found->invoke(service_, parent, input);
  }

 private:
  Service& service_;
};

// One resource of a stack.
struct Resource {
  const stacks::ResourceType* type;
  std::string physical_id;
  formats::Object attributes;
  formats::Value properties;
};

class ResourcesTest : public IamTest {
 protected:
  formats::Value read(const std::string& json) {
    std::string text = replace_all(replace_all(json, "$allow", kAllowGet), "$trust", kTrustEc2);
    auto value = formats::parse_json(text);
    EXPECT_TRUE(value) << text;
    return value.value_or(formats::Value());
  }

  // Runs one action in a transaction of its own.
  template <class Action>
  void act(Action action) {
    auto transaction = place.database->begin(sql::Access::Write);
    aws::Caller asking = place.caller;
    asking.now = place.clock.now();
    aws::Call request{asking, *transaction, region};
    stacks::Context context{.call = request,
                            .stack_id = "arn:aws:cloudformation:eu-west-1:123456789012:stack/school/1",
                            .stack_name = "school",
                            .logical_id = "Thing",
                            .name_suffix = "ABCDEFGHIJKL",
                            .stack_tags = {{"stage", "test"}}};
    action(context);
    transaction->commit();
  }

  Resource create(const std::string& type, const std::string& json) {
    Resource resource{.properties = read(json)};
    for (const auto& one : types) {
      if (one->name() == type) resource.type = one.get();
    }
    act([&](stacks::Context& context) {
      stacks::Created created = resource.type->create(context, stacks::Properties(resource.properties));
      resource.physical_id = created.physical_id;
      resource.attributes = created.attributes;
    });
    return resource;
  }

  void update(Resource& resource, const std::string& json) {
    formats::Value wanted = read(json);
    act([&](stacks::Context& context) {
      stacks::Existing was{resource.physical_id, resource.attributes,
                           stacks::Properties(resource.properties)};
      resource.type->update(context, was, stacks::Properties(wanted));
    });
    resource.properties = wanted;
  }

  void remove(const Resource& resource) {
    act([&](stacks::Context& context) {
      stacks::Existing existing{resource.physical_id, resource.attributes,
                                stacks::Properties(resource.properties)};
      resource.type->remove(context, existing, stacks::Removal::Delete);
    });
  }

  std::string attribute(const Resource& resource, std::string_view name) {
    const formats::Value* value = resource.attributes.find(name);
    return value != nullptr && value->as_string() != nullptr ? *value->as_string() : "";
  }

  std::string about_role(std::string_view operation) {
    return call(operation, R"({"RoleName":"school-Thing-ABCDEFGHIJKL"})");
  }

  IamRegion region{service};
  ResourceTypes types = resource_types();
};

TEST_F(ResourcesTest, ARoleFollowsItsTemplate) {
  Resource role =
      create("AWS::IAM::Role", R"({"AssumeRolePolicyDocument":$trust,"Path":"/app/","Description":"d",
      "Policies":[{"PolicyName":"a","PolicyDocument":$allow},{"PolicyName":"b","PolicyDocument":$allow}],
      "ManagedPolicyArns":["arn:aws:iam::aws:policy/AmazonSQSFullAccess"],"Tags":[{"Key":"k","Value":"v"}]})");
  EXPECT_EQ(role.physical_id, "school-Thing-ABCDEFGHIJKL");
  EXPECT_EQ(attribute(role, "Arn"), "arn:aws:iam::123456789012:role/app/school-Thing-ABCDEFGHIJKL");
  EXPECT_EQ(attribute(role, "RoleId").substr(0, 4), "AROA");
  EXPECT_EQ(about_role("ListRolePolicies"), R"(200 {"PolicyNames":["a","b"],"IsTruncated":false})");
  EXPECT_TRUE(matches_wildcard("*AmazonSQSFullAccess*", about_role("ListAttachedRolePolicies")));
  EXPECT_EQ(about_role("ListRoleTags"),
            R"(200 {"Tags":[{"Key":"k","Value":"v"},{"Key":"stage","Value":"test"}],"IsTruncated":false})");

  call("PutRolePolicy",
       R"({"RoleName":"school-Thing-ABCDEFGHIJKL","PolicyName":"other","PolicyDocument":"$allow"})");
  update(role, R"({"AssumeRolePolicyDocument":$trust,"Path":"/app/","MaxSessionDuration":7200,
      "Policies":[{"PolicyName":"b","PolicyDocument":$allow},{"PolicyName":"c","PolicyDocument":$allow}]})");
  EXPECT_EQ(about_role("ListRolePolicies"), R"(200 {"PolicyNames":["b","c","other"],"IsTruncated":false})");
  EXPECT_EQ(about_role("ListAttachedRolePolicies"), R"(200 {"AttachedPolicies":[],"IsTruncated":false})");
  EXPECT_TRUE(matches_wildcard(R"(*"Description":"","MaxSessionDuration":7200,"Tags":[{"Key":"stage",*)",
                               about_role("GetRole")))
      << about_role("GetRole");

  EXPECT_THROW(remove(role), aws::ServiceError) << "somebody else's policy hangs on it";
  call("DeleteRolePolicy", R"({"RoleName":"school-Thing-ABCDEFGHIJKL","PolicyName":"other"})");
  remove(role);
  EXPECT_EQ(about_role("GetRole").substr(0, 3), "404");
  remove(role);
}

TEST_F(ResourcesTest, AnInstanceProfileChangesItsRole) {
  call("CreateRole", R"({"RoleName":"one","AssumeRolePolicyDocument":"$trust"})");
  call("CreateRole", R"({"RoleName":"two","AssumeRolePolicyDocument":"$trust"})");
  Resource profile = create("AWS::IAM::InstanceProfile", R"({"InstanceProfileName":"p","Roles":["one"]})");
  EXPECT_EQ(attribute(profile, "Arn"), "arn:aws:iam::123456789012:instance-profile/p");
  update(profile, R"({"InstanceProfileName":"p","Roles":["two"]})");
  EXPECT_EQ(text_in(call("GetInstanceProfile", R"({"InstanceProfileName":"p"})"), "RoleName"), "two");
  call("RemoveRoleFromInstanceProfile", R"({"InstanceProfileName":"p","RoleName":"two"})");
  remove(profile);
  EXPECT_EQ(call("GetInstanceProfile", R"({"InstanceProfileName":"p"})").substr(0, 3), "404");
  remove(profile);
}

TEST_F(ResourcesTest, UsersAndGroupsFollowTheirTemplates) {
  Resource group = create("AWS::IAM::Group", R"({"GroupName":"g","Path":"/x/",
      "ManagedPolicyArns":["arn:aws:iam::aws:policy/AmazonSQSFullAccess"]})");
  EXPECT_EQ(attribute(group, "Arn"), "arn:aws:iam::123456789012:group/x/g");
  Resource user = create("AWS::IAM::User", R"({"UserName":"ann","Groups":["g"],
      "PermissionsBoundary":"arn:aws:iam::aws:policy/AmazonSQSFullAccess"})");
  EXPECT_EQ(text_in(call("ListGroupsForUser", R"({"UserName":"ann"})"), "GroupName"), "g");
  update(user, R"({"UserName":"ann","Path":"/y/","Policies":[{"PolicyName":"p","PolicyDocument":$allow}]})");
  std::string now = call("GetUser", R"({"UserName":"ann"})");
  EXPECT_EQ(text_in(now, "Arn"), "arn:aws:iam::123456789012:user/y/ann");
  EXPECT_EQ(now.find("PermissionsBoundary"), std::string::npos);
  EXPECT_EQ(text_in(call("ListGroupsForUser", R"({"UserName":"ann"})"), "GroupName"), "");
  act([&](stacks::Context& context) {
    stacks::Existing existing{user.physical_id, user.attributes, stacks::Properties(user.properties)};
    user.attributes = user.type->check(context, existing).attributes;
  });
  EXPECT_EQ(attribute(user, "Arn"), "arn:aws:iam::123456789012:user/y/ann");
  update(group, R"({"GroupName":"g"})");
  EXPECT_EQ(text_in(call("GetGroup", R"({"GroupName":"g"})"), "Path"), "/");
  remove(user);
  remove(group);
  EXPECT_EQ(call("ListUsers", "{}"), R"(200 {"Users":[],"IsTruncated":false})");
  EXPECT_EQ(call("ListGroups", "{}"), R"(200 {"Groups":[],"IsTruncated":false})");
}

TEST_F(ResourcesTest, APolicyIsPutToSeveral) {
  call("CreateRole", R"({"RoleName":"r","AssumeRolePolicyDocument":"$trust"})");
  call("CreateUser", R"({"UserName":"ann"})");
  EXPECT_THROW(create("AWS::IAM::Policy", R"({"PolicyName":"p","PolicyDocument":$allow})"),
               aws::ServiceError);
  Resource policy = create("AWS::IAM::Policy",
                           R"({"PolicyName":"p","PolicyDocument":$allow,"Roles":["r"],"Users":["ann"]})");
  EXPECT_EQ(call("GetRolePolicy", R"({"RoleName":"r","PolicyName":"p"})").substr(0, 3), "200");
  update(policy, R"({"PolicyName":"p","PolicyDocument":$allow,"Users":["ann"]})");
  EXPECT_EQ(call("GetRolePolicy", R"({"RoleName":"r","PolicyName":"p"})").substr(0, 3), "404");
  call("DeleteUserPolicy", R"({"UserName":"ann","PolicyName":"p"})");
  remove(policy);
}

TEST_F(ResourcesTest, APolicyIsPutToOneOfAKind) {
  call("CreateRole", R"({"RoleName":"r","AssumeRolePolicyDocument":"$trust"})");
  call("CreateUser", R"({"UserName":"u"})");
  call("CreateGroup", R"({"GroupName":"g"})");
  struct Case {
    std::string kind, owner;
  };
  for (const auto& [kind, owner] : {Case{"Role", "r"}, {"User", "u"}, {"Group", "g"}}) {
    const std::string there = R"({"PolicyName":"p",")" + kind + R"(Name":")" + owner + "\"}";
    const std::string get = "Get" + kind + "Policy";
    Resource policy = create("AWS::IAM::" + kind + "Policy",
                             there.substr(0, there.size() - 1) + R"(,"PolicyDocument":$allow})");
    EXPECT_EQ(policy.physical_id, "p|" + owner);
    EXPECT_TRUE(matches_wildcard("200*s3%3AGetObject*", call(get, there))) << call(get, there);
    update(policy, there.substr(0, there.size() - 1) +
                       R"(,"PolicyDocument":{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}})");
    EXPECT_TRUE(matches_wildcard("200*Deny*", call(get, there))) << call(get, there);
    remove(policy);
    EXPECT_EQ(call(get, there).substr(0, 3), "404");
    remove(policy);
  }
}

TEST_F(ResourcesTest, AnAdditionTakesUsersIntoAGroup) {
  for (const char* user : {"a", "b", "c"}) call("CreateUser", std::string(R"({"UserName":")") + user + "\"}");
  call("CreateGroup", R"({"GroupName":"g"})");
  auto members = [&] {
    std::string all;
    for (const char* user : {"a", "b", "c"}) {
      if (call("GetGroup", R"({"GroupName":"g"})").find(std::string("user/") + user) != std::string::npos)
        all += user;
    }
    return all;
  };
  Resource addition = create("AWS::IAM::UserToGroupAddition", R"({"GroupName":"g","Users":["a","b"]})");
  EXPECT_EQ(members(), "ab");
  update(addition, R"({"GroupName":"g","Users":["b","c"]})");
  EXPECT_EQ(members(), "bc");
  call("RemoveUserFromGroup", R"({"GroupName":"g","UserName":"c"})");
  call("DeleteUser", R"({"UserName":"c"})");
  remove(addition);
  EXPECT_EQ(members(), "");
}

TEST_F(ResourcesTest, AManagedPolicyGetsVersions) {
  call("CreateRole", R"({"RoleName":"r","AssumeRolePolicyDocument":"$trust"})");
  std::string document =
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get","Resource":"*"}})";
  std::string same = R"({"ManagedPolicyName":"m","Roles":["r"],"PolicyDocument":)";
  Resource policy = create("AWS::IAM::ManagedPolicy", same + "$allow}");
  EXPECT_EQ(policy.physical_id, "arn:aws:iam::123456789012:policy/m");
  for (int i = 0; i < 6; ++i) update(policy, same + (i % 2 == 0 ? document : "$allow") + "}");
  std::string versions = call("ListPolicyVersions", R"({"PolicyArn":"arn:aws:iam::123456789012:policy/m"})");
  EXPECT_TRUE(matches_wildcard(
      R"(200 {"Versions":[{"VersionId":"v7","IsDefaultVersion":true*"v6"*"v5"*"v4"*"v3"*)", versions))
      << versions;
  EXPECT_EQ(versions.find("\"v2\""), std::string::npos);
  remove(policy);
  EXPECT_EQ(call("ListPolicies", R"({"Scope":"Local"})"), R"(200 {"Policies":[],"IsTruncated":false})");
  remove(policy);
}

}  // namespace

}  // namespace holm::iam
