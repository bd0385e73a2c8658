// Further certificates of an HTTPS listener, as a resource of its own.

#include "services/elbv2/listener_certificate_resource.h"

#include <fmt/format.h>

#include <algorithm>

#include "elbv2/operations.h"
#include "services/elbv2/records.h"

namespace holm::elbv2 {

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

constexpr PropertySchema kCertificate[] = {{.name = "CertificateArn"}};

std::vector<Certificate> certificates_in(const Properties& properties) {
  std::vector<Certificate> result;
  for (const Properties& each : properties.objects("Certificates")) {
    result.push_back({.certificate_arn = each.find_text("CertificateArn")});
  }
  return result;
}

class ListenerCertificateType final : public stacks::ResourceType {
 public:
  std::string_view name() const override { return "AWS::ElasticLoadBalancingV2::ListenerCertificate"; }
  std::span<const PropertySchema> properties() const override {
    static constexpr PropertySchema kAll[] = {
        {.name = "ListenerArn", .presence = Presence::Required, .update = Update::Replacement},
        {.name = "Certificates",
         .kind = PropertyKind::List,
         .presence = Presence::Required,
         .element = PropertyKind::Object,
         .members = kCertificate}};
    return kAll;
  }
  std::span<const std::string_view> attributes() const override { return {}; }
  Created create(Context& context, const Properties& wanted) const override {
    context.invoke<AddListenerCertificates>(
        {.listener_arn = wanted.text("ListenerArn"), .certificates = certificates_in(wanted)});
    return {fmt::format("{}|{}", wanted.text("ListenerArn"), context.name_suffix), {}};
  }
  void update(Context& context, const Existing& was, const Properties& wanted) const override {
    std::vector<Certificate> gone = certificates_in(was.properties);
    const std::vector<Certificate> now = certificates_in(wanted);
    std::erase_if(gone, [&](const Certificate& old) {
      return std::ranges::any_of(
          now, [&](const Certificate& each) { return each.certificate_arn == old.certificate_arn; });
    });
    const std::string listener = wanted.text("ListenerArn");
    if (!now.empty()) context.invoke<AddListenerCertificates>({.listener_arn = listener, .certificates = now});
    if (!gone.empty()) {
      context.invoke<RemoveListenerCertificates>({.listener_arn = listener, .certificates = gone});
    }
  }
  void remove(Context& context, const Existing& resource, Removal) const override {
    const std::string listener = resource.properties.text("ListenerArn");
    if (!find<Listener>(context.call, listener)) return;
    context.invoke<RemoveListenerCertificates>(
        {.listener_arn = listener, .certificates = certificates_in(resource.properties)});
  }
};

}  // namespace

std::unique_ptr<stacks::ResourceType> make_listener_certificate_type() {
  return std::make_unique<ListenerCertificateType>();
}

}  // namespace holm::elbv2
