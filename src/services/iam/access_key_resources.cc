// AWS::IAM::AccessKey.

#include "services/iam/resource_parts.h"
#include "services/iam/resources.h"

namespace holm::iam {

namespace {

constexpr PropertySchema kSchema[] = {
    {.name = "Serial", .kind = PropertyKind::Integer, .update = Update::Replacement},
    {.name = "Status"},
    {.name = "UserName", .presence = Presence::Required, .update = Update::Replacement},
};
constexpr std::string_view kSecret[] = {"SecretAccessKey"};

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-accesskey.html
// Another serial number means another key.
class AccessKeyType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::IAM::AccessKey"; }
  std::span<const PropertySchema> properties() const override { return kSchema; }
  std::span<const std::string_view> attributes() const override { return kSecret; }

  Created create(Context& context, const Properties& wanted) const override {
    CreateAccessKeyRequest request;
    request.user_name = wanted.text("UserName");
    const AccessKey made = context.invoke<CreateAccessKey>(request).access_key;
    set_status(context, made.access_key_id, wanted);
    formats::Object attributes;
    attributes.append("SecretAccessKey", made.secret_access_key);
    return {.physical_id = made.access_key_id, .attributes = std::move(attributes)};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    if (stacks::differs(was.properties, wanted, "Status")) set_status(context, was.physical_id, wanted);
  }

  stacks::Progress check(Context& context, const Existing& resource) const override {
    if (exists(context, resource)) return stacks::ready();
    return stacks::failed("The access key " + resource.physical_id + " cannot be found.");
  }

  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    if (!exists(context, resource)) return;
    DeleteAccessKeyRequest request;
    request.user_name = resource.properties.text("UserName");
    request.access_key_id = resource.physical_id;
    context.invoke<DeleteAccessKey>(request);
  }

 private:
  static void set_status(Context& context, const std::string& id, const Properties& wanted) {
    UpdateAccessKeyRequest request;
    request.user_name = wanted.text("UserName");
    request.access_key_id = id;
    request.status = wanted.find_text("Status").value_or("Active");
    context.invoke<UpdateAccessKey>(request);
  }
  static bool exists(Context& context, const Existing& resource) {
    const std::string user = resource.properties.text("UserName");
    if (!find_entity(context.call.transaction, context.call.account, EntityKind::User, user)) return false;
    ListAccessKeysRequest request;
    request.user_name = user;
    const auto found = context.invoke<ListAccessKeys>(request);
    return std::ranges::any_of(found.access_key_metadata, [&](const AccessKeyMetadata& each) {
      return each.access_key_id == resource.physical_id;
    });
  }
};

}  // namespace

void add_access_key_types(ResourceTypes& types) { types.push_back(std::make_unique<AccessKeyType>()); }

}  // namespace holm::iam
