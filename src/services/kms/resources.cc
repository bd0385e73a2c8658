// AWS::KMS::Key and AWS::KMS::Alias.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_KMS.html

#include "services/kms/resources.h"

#include "aws/service/error.h"
#include "kms/operations.h"

namespace holm::kms {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Removal;
using stacks::Update;

constexpr PropertySchema kKeyProperties[] = {{.name = "Description"},
                                             {.name = "Enabled", .kind = PropertyKind::Boolean},
                                             {.name = "EnableKeyRotation", .kind = PropertyKind::Boolean},
                                             {.name = "KeyPolicy", .kind = PropertyKind::Json},
                                             {.name = "KeySpec", .update = Update::Replacement},
                                             {.name = "KeyUsage", .update = Update::Replacement},
                                             {.name = "PendingWindowInDays", .kind = PropertyKind::Integer},
                                             {.name = "Tags",
                                              .kind = PropertyKind::List,
                                              .element = PropertyKind::Object,
                                              .members = stacks::kTagSchema}};
constexpr std::string_view kKeyAttributes[] = {"Arn", "KeyId"};

class KeyType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::KMS::Key"; }
  std::span<const PropertySchema> properties() const override { return kKeyProperties; }
  std::span<const std::string_view> attributes() const override { return kKeyAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    CreateKeyRequest request{.description = wanted.find_text("Description"),
                             .key_usage = wanted.find_text("KeyUsage"),
                             .key_spec = wanted.find_text("KeySpec"),
                             .tags = tags_of(context, wanted)};
    if (wanted.has("KeyPolicy")) request.policy = wanted.json("KeyPolicy");
    const KeyMetadata made = context.invoke<CreateKey>(request).key_metadata.value();
    apply_switches(context, made.key_id, wanted);
    formats::Object attributes;
    attributes.append("Arn", made.arn.value_or(""));
    attributes.append("KeyId", made.key_id);
    return {.physical_id = made.key_id, .attributes = std::move(attributes)};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    const std::string& id = was.physical_id;
    if (differs(was.properties, wanted, "Description")) {
      context.invoke<UpdateKeyDescription>({.key_id = id, .description = wanted.text("Description")});
    }
    if (differs(was.properties, wanted, "KeyPolicy") && wanted.has("KeyPolicy")) {
      context.invoke<PutKeyPolicy>({.key_id = id, .policy = wanted.json("KeyPolicy")});
    }
    apply_switches(context, id, wanted);
    std::vector<std::string> gone;
    for (const stacks::Tag& tag : was.properties.tags()) gone.push_back(tag.key);
    if (!gone.empty()) context.invoke<UntagResource>({.key_id = id, .tag_keys = std::move(gone)});
    const std::vector<Tag> tags = tags_of(context, wanted);
    if (!tags.empty()) context.invoke<TagResource>({.key_id = id, .tags = tags});
  }

  // As on AWS: what was encrypted can be read until the waiting period is over.
  void remove(Context& context, const Existing& key, Removal) const override {
    const auto state =
        context.invoke<DescribeKey>({.key_id = key.physical_id}).key_metadata.value().key_state;
    if (state == "PendingDeletion") return;
    ScheduleKeyDeletionRequest request{.key_id = key.physical_id};
    if (const auto days = key.properties.find_integer("PendingWindowInDays")) {
      request.pending_window_in_days = static_cast<int32_t>(*days);
    }
    context.invoke<ScheduleKeyDeletion>(request);
  }

 private:
  static void apply_switches(Context& context, const std::string& id, const Properties& wanted) {
    // A key that is switched off cannot be made to rotate.
    context.invoke<EnableKey>({.key_id = id});
    if (wanted.boolean("EnableKeyRotation", false)) {
      context.invoke<EnableKeyRotation>({.key_id = id});
    } else {
      context.invoke<DisableKeyRotation>({.key_id = id});
    }
    if (!wanted.boolean("Enabled", true)) context.invoke<DisableKey>({.key_id = id});
  }

  // Without CloudFormation's own, which KMS does not take.
  static std::vector<Tag> tags_of(const Context& context, const Properties& wanted) {
    std::vector<Tag> tags;
    for (const stacks::Tag& tag : context.tags(wanted.tags())) {
      if (!tag.key.starts_with("aws:")) tags.push_back({.tag_key = tag.key, .tag_value = tag.value});
    }
    return tags;
  }
};

constexpr PropertySchema kAliasProperties[] = {
    {.name = "AliasName", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "TargetKeyId", .presence = Presence::Required}};

class AliasType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::KMS::Alias"; }
  std::span<const PropertySchema> properties() const override { return kAliasProperties; }
  std::span<const std::string_view> attributes() const override { return {}; }

  Created create(Context& context, const Properties& wanted) const override {
    const std::string name = wanted.text("AliasName");
    context.invoke<CreateAlias>({.alias_name = name, .target_key_id = wanted.text("TargetKeyId")});
    return {.physical_id = name};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    context.invoke<UpdateAlias>({.alias_name = was.physical_id, .target_key_id = wanted.text("TargetKeyId")});
  }

  void remove(Context& context, const Existing& alias, Removal) const override {
    for (const AliasListEntry& each : context.invoke<ListAliases>({}).aliases) {
      if (each.alias_name != alias.physical_id) continue;
      context.invoke<DeleteAlias>({.alias_name = alias.physical_id});
      return;
    }
  }
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types() {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<KeyType>());
  types.push_back(std::make_unique<AliasType>());
  return types;
}

}  // namespace holm::kms
