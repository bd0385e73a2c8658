// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-truststore.html

#include "services/elbv2/trust_store_resource.h"

#include "elbv2/operations.h"
#include "services/elbv2/records.h"
#include "services/elbv2/service.h"
#include "services/elbv2/trust_stores.h"

namespace holm::elbv2 {

namespace {

using stacks::Context;
using stacks::Existing;
using stacks::Presence;
using stacks::Progress;
using stacks::Properties;
using stacks::PropertySchema;
using stacks::Update;

class TrustStoreType final : public stacks::ResourceType {
 public:
  explicit TrustStoreType(Service& service) : service_(service) {}

  std::string_view name() const override { return "AWS::ElasticLoadBalancingV2::TrustStore"; }
  std::span<const PropertySchema> properties() const override {
    static constexpr PropertySchema kAll[] = {
        {.name = "Name", .update = Update::Replacement},
        {.name = "CaCertificatesBundleS3Bucket", .presence = Presence::Required},
        {.name = "CaCertificatesBundleS3Key", .presence = Presence::Required},
        {.name = "CaCertificatesBundleS3ObjectVersion"},
        {.name = "Tags",
         .kind = stacks::PropertyKind::List,
         .element = stacks::PropertyKind::Object,
         .members = stacks::kTagSchema}};
    return kAll;
  }
  std::span<const std::string_view> attributes() const override {
    static constexpr std::string_view kAll[] = {"TrustStoreArn", "Status", "NumberOfCaCertificates"};
    return kAll;
  }
  stacks::Created create(Context& context, const Properties& wanted) const override {
    const BundlePlace place = place_of(wanted);
    const TrustStore made =
        begin_trust_store(service_, context.call,
                          {.name = wanted.find_text("Name").value_or(context.name(32)),
                           .ca_certificates_bundle_s3_bucket = place.bucket,
                           .ca_certificates_bundle_s3_key = place.key,
                           .ca_certificates_bundle_s3_object_version = place.version,
                           .tags = tags_of(context, wanted)});
    return {*made.trust_store_arn};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    if (stacks::differs_beyond(was.properties, wanted, "Tags")) {
      begin_reading(service_, context.call, was.physical_id, place_of(wanted));
    }
    const std::vector<Tag> now = tags_of(context, wanted);
    const auto gone = stacks::keys_gone(was, was.properties.tags(), context.tags(wanted.tags()));
    if (!gone.empty()) context.invoke<RemoveTags>({.resource_arns = {was.physical_id}, .tag_keys = gone});
    if (!now.empty()) context.invoke<AddTags>({.resource_arns = {was.physical_id}, .tags = now});
  }
  void remove(Context& context, const Existing& resource, stacks::Removal) const override {
    if (!find<TrustStore>(context.call, resource.physical_id)) return;
    context.invoke<DeleteTrustStore>({.trust_store_arn = resource.physical_id});
  }
  Progress check(Context& context, const Existing& resource) const override {
    const Reading reading = reading_of(context.call, resource.physical_id);
    if (reading.is_pending) return stacks::in_progress();
    if (!reading.problem.empty()) return stacks::failed(reading.problem);
    const TrustStore store = require_trust_store(context.call, resource.physical_id);
    formats::Object attributes;
    attributes.set("TrustStoreArn", resource.physical_id);
    attributes.set("Status", store.status.value_or(""));
    attributes.set("NumberOfCaCertificates", int64_t{store.number_of_ca_certificates.value_or(0)});
    return stacks::ready(std::move(attributes));
  }

 private:
  static BundlePlace place_of(const Properties& wanted) {
    return {wanted.text("CaCertificatesBundleS3Bucket"), wanted.text("CaCertificatesBundleS3Key"),
            wanted.find_text("CaCertificatesBundleS3ObjectVersion")};
  }
  static std::vector<Tag> tags_of(const Context& context, const Properties& wanted) {
    std::vector<Tag> tags;
    for (const stacks::Tag& tag : context.tags(wanted.tags())) {
      tags.push_back({.key = tag.key, .value = tag.value});
    }
    return tags;
  }

  Service& service_;
};

}  // namespace

std::unique_ptr<stacks::ResourceType> make_trust_store_type(Service& service) {
  return std::make_unique<TrustStoreType>(service);
}

}  // namespace holm::elbv2
