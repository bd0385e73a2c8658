// AWS::CertificateManager::Certificate.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-certificatemanager-certificate.html

#include "services/acm/resources.h"

#include "acm/operations.h"
#include "services/acm/records.h"

namespace holm::acm {

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

constexpr PropertySchema kValidation[] = {{.name = "DomainName", .presence = Presence::Required},
                                          {.name = "HostedZoneId"},
                                          {.name = "ValidationDomain"}};

constexpr PropertySchema kCertificate[] = {
    {.name = "DomainName", .presence = Presence::Required, .update = Update::Replacement},
    {.name = "SubjectAlternativeNames",
     .kind = PropertyKind::List,
     .update = Update::Replacement,
     .element = PropertyKind::String},
    {.name = "ValidationMethod", .update = Update::Replacement},
    // Where a mail or a record would go; nobody is asked here.
    {.name = "DomainValidationOptions",
     .kind = PropertyKind::List,
     .update = Update::Replacement,
     .element = PropertyKind::Object,
     .members = kValidation},
    {.name = "KeyAlgorithm", .update = Update::Replacement},
    {.name = "CertificateTransparencyLoggingPreference"},
    {.name = "Tags",
     .kind = PropertyKind::List,
     .element = PropertyKind::Object,
     .members = stacks::kTagSchema}};

std::vector<Tag> tags_of(const Context& context, const Properties& wanted) {
  std::vector<Tag> tags;
  for (const stacks::Tag& tag : context.tags(wanted.tags())) {
    if (!tag.key.starts_with("aws:")) tags.push_back({.key = tag.key, .value = tag.value});
  }
  return tags;
}

class CertificateType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::CertificateManager::Certificate"; }
  std::span<const PropertySchema> properties() const override { return kCertificate; }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view kAll[] = {"CertificateArn"};
    return kAll;
  }

  Created create(Context& context, const Properties& wanted) const override {
    RequestCertificateRequest request{.domain_name = wanted.text("DomainName")};
    request.subject_alternative_names = wanted.texts("SubjectAlternativeNames");
    request.validation_method = wanted.find_text("ValidationMethod");
    request.key_algorithm = wanted.find_text("KeyAlgorithm");
    if (auto preference = wanted.find_text("CertificateTransparencyLoggingPreference")) {
      request.options = CertificateOptions{.certificate_transparency_logging_preference = *preference};
    }
    request.tags = tags_of(context, wanted);
    const std::string arn = *context.invoke<RequestCertificate>(request).certificate_arn;
    Created result{.physical_id = arn};
    result.attributes.set("CertificateArn", arn);
    return result;
  }

  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    if (stacks::differs(was.properties, wanted, "CertificateTransparencyLoggingPreference")) {
      UpdateCertificateOptionsRequest request{.certificate_arn = was.physical_id};
      request.options.certificate_transparency_logging_preference =
          wanted.find_text("CertificateTransparencyLoggingPreference").value_or("ENABLED");
      context.invoke<UpdateCertificateOptions>(request);
    }
    RemoveTagsFromCertificateRequest gone{.certificate_arn = was.physical_id};
    for (const stacks::Tag& tag : was.properties.tags()) gone.tags.push_back({.key = tag.key});
    if (!gone.tags.empty()) context.invoke<RemoveTagsFromCertificate>(gone);
    AddTagsToCertificateRequest put{.certificate_arn = was.physical_id, .tags = tags_of(context, wanted)};
    if (!put.tags.empty()) context.invoke<AddTagsToCertificate>(put);
  }

  // A listener of the same stack that is gone may still be seen to use it for a moment.
  void remove(Context&, const Existing&, Removal) const override {}
  Progress check_removed(Context& context, const Existing& resource) const override {
    if (!certificate_exists(context.call, resource.physical_id)) return stacks::ready();
    auto found = context.invoke<DescribeCertificate>({.certificate_arn = resource.physical_id});
    if (!found.certificate->in_use_by.empty()) return stacks::in_progress();
    context.invoke<DeleteCertificate>({.certificate_arn = resource.physical_id});
    return stacks::ready();
  }
  std::chrono::seconds patience() const override { return std::chrono::minutes(1); }
};

}  // namespace

std::vector<std::unique_ptr<stacks::ResourceType>> resource_types() {
  std::vector<std::unique_ptr<stacks::ResourceType>> types;
  types.push_back(std::make_unique<CertificateType>());
  return types;
}

}  // namespace holm::acm
