// AWS::SSM::Parameter.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ssm-parameter.html

#include "services/ssm/resources.h"

#include <algorithm>

#include "aws/service/error.h"
#include "ssm/operations.h"

namespace holm::ssm {

namespace {

using stacks::Context;
using stacks::Created;
using stacks::Existing;
using stacks::Presence;
using stacks::Progress;
using stacks::Properties;
using stacks::PropertyKind;
using stacks::PropertySchema;
using stacks::Removal;
using stacks::Update;

constexpr size_t kNameMax = 1011;
constexpr char kKind[] = "Parameter";

constexpr PropertySchema kParameter[] = {{.name = "Name", .update = Update::Replacement},
                                         {.name = "Type", .presence = Presence::Required},
                                         {.name = "Value", .presence = Presence::Required},
                                         {.name = "AllowedPattern"},
                                         {.name = "DataType"},
                                         {.name = "Description"},
                                         {.name = "Tier"},
                                         {.name = "Tags", .kind = PropertyKind::Map}};

PutParameterRequest request_of(const std::string& name, const Properties& wanted) {
  const std::string type = wanted.text("Type");
  if (type != "String" && type != "StringList") {
    throw aws::ServiceError("ValidationError", 400,
                            "Properties validation failed: #/Type: " + type +
                                " is not a valid enum value; String and StringList are");
  }
  return {.name = name,
          .description = wanted.find_text("Description"),
          .value = wanted.text("Value"),
          .type = type,
          .allowed_pattern = wanted.find_text("AllowedPattern"),
          .tier = wanted.find_text("Tier"),
          .data_type = wanted.find_text("DataType")};
}

// Here tags are a map, unlike elsewhere.
std::vector<stacks::Tag> own_tags(const Properties& properties) {
  std::vector<stacks::Tag> own;
  for (const auto& [key, value] : properties.text_map("Tags")) own.push_back({key, value});
  return own;
}

std::vector<Tag> tags_of(Context& context, const Properties& wanted) {
  std::vector<Tag> tags;
  for (const stacks::Tag& tag : context.tags(own_tags(wanted)))
    tags.push_back({.key = tag.key, .value = tag.value});
  return tags;
}

formats::Object attributes_of(const Properties& wanted) {
  formats::Object attributes;
  attributes.set("Type", wanted.text("Type"));
  attributes.set("Value", wanted.text("Value"));
  return attributes;
}

class ParameterResource final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::SSM::Parameter"; }
  std::span<const PropertySchema> properties() const override { return kParameter; }
  std::span<const std::string_view> attributes() const override { return kAttributes; }

  Created create(Context& context, const Properties& wanted) const override {
    // What CloudFormation names itself begins with its prefix, as on AWS.
    const std::string name = wanted.find_text("Name").value_or("CFN-" + context.name(kNameMax - 4));
    PutParameterRequest request = request_of(name, wanted);
    request.tags = tags_of(context, wanted);
    context.invoke<PutParameter>(request);
    return {.physical_id = name, .attributes = attributes_of(wanted)};
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    if (stacks::differs_beyond(was.properties, wanted, "Tags")) {
      PutParameterRequest request = request_of(was.physical_id, wanted);
      request.overwrite = true;
      context.invoke<PutParameter>(request);
    }
    const auto gone = stacks::keys_gone(was, own_tags(was.properties), context.tags(own_tags(wanted)));
    if (!gone.empty()) {
      context.invoke<RemoveTagsFromResource>(
          {.resource_type = kKind, .resource_id = was.physical_id, .tag_keys = gone});
    }
    context.invoke<AddTagsToResource>(
        {.resource_type = kKind, .resource_id = was.physical_id, .tags = tags_of(context, wanted)});
  }

  Progress check(Context&, const Existing& resource) const override {
    return stacks::ready(attributes_of(resource.properties));
  }

  void remove(Context& context, const Existing& resource, Removal) const override {
    context.invoke<DeleteParameters>({.names = {resource.physical_id}});
  }

 private:
  static constexpr std::string_view kAttributes[] = {"Type", "Value"};
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types() {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<ParameterResource>());
  return types;
}

}  // namespace holm::ssm
