// https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-listener-config.html

#include "services/elb/listeners.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/error.h"
#include "base/strings.h"
#include "net/certificate_directory.h"
#include "services/elb/limits.h"
#include "services/elb/policies.h"
#include "services/elb/records.h"
#include "services/elb/security_policies.h"
#include "services/elb/service.h"

namespace holm::elb {

namespace {

constexpr int32_t kPortMax = 65535;

std::string known_protocol(const std::string& wanted) {
  std::string protocol = to_upper(wanted);
  if (carries_requests(protocol) || protocol == "TCP" || protocol == "SSL") return protocol;
  throw UnsupportedProtocolException(
      fmt::format("The protocol '{}' is not supported: HTTP, HTTPS, TCP and SSL are", wanted));
}

void check_port(int32_t port) {
  if (port < 1 || port > kPortMax) refuse(fmt::format("{} is no port: they are 1 to {}", port, kPortMax));
}

// A certificate can be served as soon as the request that made it is done.
void require_certificate(Service& service, const Call& call, const std::string& arn) {
  if (arn.starts_with("arn:aws:iam:"))
    throw aws::NotImplemented("SSLCertificateId: server certificates of IAM");
  const bool is_own = arn.starts_with(aws::arn("acm", call, "certificate/"));
  if (is_own && service.use().certificates.find(arn)) return;
  throw CertificateNotFoundException(fmt::format("Server Certificate not found for the key: {}", arn));
}

ListenerDescription& require_listener(LoadBalancerDescription& document, int32_t port) {
  if (ListenerDescription* found = find_listener(document, port)) return *found;
  throw ListenerNotFoundException(
      fmt::format("There is no listener with LoadBalancerPort {} for load balancer '{}'", port,
                  *document.load_balancer_name));
}

Listener completed(const Listener& wanted) {
  Listener made = wanted;
  made.protocol = known_protocol(wanted.protocol);
  const bool has_requests = carries_requests(made.protocol);
  made.instance_protocol =
      wanted.instance_protocol ? known_protocol(*wanted.instance_protocol) : (has_requests ? "HTTP" : "TCP");
  if (made.ssl_certificate_id == "") made.ssl_certificate_id.reset();
  check_port(made.load_balancer_port);
  check_port(made.instance_port);
  if (carries_requests(*made.instance_protocol) != has_requests) {
    refuse(fmt::format(
        "Protocol {} and InstanceProtocol {} are not of the same layer: HTTP goes with HTTPS, and TCP"
        " with SSL",
        made.protocol, *made.instance_protocol));
  }
  if (is_secure(made.protocol) && !made.ssl_certificate_id) {
    refuse("Secure Listeners need to specify a SSLCertificateId");
  }
  if (!is_secure(made.protocol) && made.ssl_certificate_id) {
    refuse(fmt::format("A {} listener has no SSLCertificateId", made.protocol));
  }
  return made;
}

// Instances have one server at a port.
void check_instance_protocol(const LoadBalancerDescription& document, const Listener& wanted) {
  for (const ListenerDescription& each : document.listener_descriptions) {
    if (each.listener->instance_port != wanted.instance_port) continue;
    if (is_secure(*each.listener->instance_protocol) == is_secure(*wanted.instance_protocol)) continue;
    throw InvalidConfigurationRequestException(
        fmt::format("The InstanceProtocol of InstancePort {} is {} for another listener",
                    wanted.instance_port, *each.listener->instance_protocol));
  }
}

}  // namespace

bool carries_requests(std::string_view protocol) { return protocol == "HTTP" || protocol == "HTTPS"; }
bool is_secure(std::string_view protocol) { return protocol == "HTTPS" || protocol == "SSL"; }

bool is_same_listener(const Listener& a, const Listener& b) {
  return a.protocol == b.protocol && a.load_balancer_port == b.load_balancer_port &&
         a.instance_protocol == b.instance_protocol && a.instance_port == b.instance_port &&
         a.ssl_certificate_id == b.ssl_certificate_id;
}

void add_listener(Service& service, Call& call, LoadBalancerDescription& document, const Listener& wanted) {
  const Listener made = completed(wanted);
  if (made.ssl_certificate_id) require_certificate(service, call, *made.ssl_certificate_id);
  if (const ListenerDescription* known = find_listener(document, made.load_balancer_port)) {
    if (is_same_listener(*known->listener, made)) return;
    throw DuplicateListenerException(fmt::format(
        "A listener already exists for {} with LoadBalancerPort {}, but with a different InstancePort, "
        "Protocol, or SSLCertificateId",
        *document.load_balancer_name, made.load_balancer_port));
  }
  check_instance_protocol(document, made);
  ListenerDescription description{.listener = made};
  // What a listener agrees to stands in its policies.
  if (is_secure(made.protocol)) description.policy_names = {std::string(kDefaultSecurityPolicy)};
  document.listener_descriptions.push_back(std::move(description));
  check_listener_count(document);
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_CreateLoadBalancerListeners.html
CreateLoadBalancerListenerOutput create_load_balancer_listeners(
    Service& service, Call& call, const CreateLoadBalancerListenerInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  for (const Listener& each : request.listeners) add_listener(service, call, record.document, each);
  replace_record(service, call, record);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_DeleteLoadBalancerListeners.html
// Those that are not there are deleted already. What was said of ports of instances holds for the next one there.
DeleteLoadBalancerListenerOutput delete_load_balancer_listeners(
    Service& service, Call& call, const DeleteLoadBalancerListenerInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  std::erase_if(record.document.listener_descriptions, [&](const ListenerDescription& each) {
    return std::ranges::find(request.load_balancer_ports, each.listener->load_balancer_port) !=
           request.load_balancer_ports.end();
  });
  replace_record(service, call, record);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_SetLoadBalancerListenerSSLCertificate.html
SetLoadBalancerListenerSSLCertificateOutput set_load_balancer_listener_ssl_certificate(
    Service& service, Call& call, const SetLoadBalancerListenerSSLCertificateInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  Listener& listener = *require_listener(record.document, request.load_balancer_port).listener;
  if (!is_secure(listener.protocol)) {
    throw InvalidConfigurationRequestException(fmt::format(
        "The listener on port {} is not secure: it has no certificate", request.load_balancer_port));
  }
  require_certificate(service, call, request.ssl_certificate_id);
  listener.ssl_certificate_id = request.ssl_certificate_id;
  replace_record(service, call, record);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_SetLoadBalancerPoliciesOfListener.html
SetLoadBalancerPoliciesOfListenerOutput set_load_balancer_policies_of_listener(
    Service& service, Call& call, const SetLoadBalancerPoliciesOfListenerInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  ListenerDescription& listener = require_listener(record.document, request.load_balancer_port);
  check_listener_policies(call, record.arn, *listener.listener, request.policy_names);
  listener.policy_names = request.policy_names;
  replace_record(service, call, record);
  return {};
}

// https://docs.aws.amazon.com/elasticloadbalancing/2012-06-01/APIReference/API_SetLoadBalancerPoliciesForBackendServer.html
SetLoadBalancerPoliciesForBackendServerOutput set_load_balancer_policies_for_backend_server(
    Service& service, Call& call, const SetLoadBalancerPoliciesForBackendServerInput& request) {
  Record record = require_record(call, request.load_balancer_name);
  const bool is_used = std::ranges::any_of(
      record.document.listener_descriptions,
      [&](const ListenerDescription& each) { return each.listener->instance_port == request.instance_port; });
  if (!is_used && !request.policy_names.empty()) {
    throw InvalidConfigurationRequestException(
        fmt::format("No listener of the load balancer has the InstancePort {}", request.instance_port));
  }
  check_backend_policies(call, record.arn, request.policy_names);
  auto& backends = record.document.backend_server_descriptions;
  std::erase_if(backends, [&](const BackendServerDescription& each) {
    return each.instance_port == request.instance_port;
  });
  if (!request.policy_names.empty()) {
    backends.push_back({.instance_port = request.instance_port, .policy_names = request.policy_names});
  }
  replace_record(service, call, record);
  return {};
}

}  // namespace holm::elb
