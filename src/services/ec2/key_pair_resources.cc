// AWS::EC2::KeyPair, of a public key that the template has.

#include "aws/service/error.h"
#include "ec2/operations.h"
#include "services/ec2/resources.h"

namespace holm::ec2 {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Progress;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Update;

std::optional<KeyPairInfo> find_key_pair(Context& context, const std::string& name) {
  auto found = context.invoke<DescribeKeyPairs>({.filters = {{.name = "key-name", .values = {name}}}});
  return found.key_pairs.empty() ? std::nullopt : std::optional(found.key_pairs.front());
}

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-keypair.html
class KeyPairType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::EC2::KeyPair"; }
  std::span<const PropertySchema> properties() const override {
    static const PropertySchema all[] = {
        {.name = "KeyName", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "PublicKeyMaterial", .update = Update::Replacement},
        {.name = "KeyType", .update = Update::Replacement},
        {.name = "KeyFormat", .update = Update::Replacement},
        {.name = "Tags",
         .kind = PropertyKind::List,
         .update = Update::Replacement,
         .element = PropertyKind::Object,
         .members = stacks::kTagSchema}};
    return all;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view all[] = {"KeyFingerprint", "KeyPairId"};
    return all;
  }
  Created create(Context& context, const Properties& wanted) const override {
    auto material = wanted.find_text("PublicKeyMaterial");
    if (!material) {
      throw aws::NotImplemented(
          "AWS::EC2::KeyPair without PublicKeyMaterial: the private key belongs into an encrypted parameter");
    }
    const auto made =
        context.invoke<ImportKeyPair>({.tag_specifications = tag_specifications(context, wanted, "key-pair"),
                                       .key_name = wanted.text("KeyName"),
                                       .public_key_material = *material});
    formats::Object attributes;
    attributes.set("KeyFingerprint", made.key_fingerprint.value_or(""));
    attributes.set("KeyPairId", made.key_pair_id.value_or(""));
    return {wanted.text("KeyName"), std::move(attributes)};
  }
  Progress check(Context& context, const Existing& resource) const override {
    if (find_key_pair(context, resource.physical_id)) return stacks::ready();
    return stacks::failed("The key pair is gone.");
  }
  void update(Context&, const Existing&, const Properties&) const override {}
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    context.invoke<DeleteKeyPair>({.key_name = resource.physical_id});
  }
};

}  // namespace

void add_key_pair_types(std::vector<std::unique_ptr<stacks::ResourceType>>& types) {
  types.push_back(std::make_unique<KeyPairType>());
}

}  // namespace holm::ec2
