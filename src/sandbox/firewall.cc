// nftables through its library, and the rules that are the same in every VPC.

#include "sandbox/firewall.h"

#include <fmt/format.h>
#include <nftables/libnftables.h>

#include "base/strings.h"
#include "sandbox/names.h"

namespace holm::sandbox {

struct Firewall::Context {
  nft_ctx* handle = nullptr;
  ~Context() {
    if (handle) nft_ctx_free(handle);
  }
};

Firewall::Firewall(std::unique_ptr<Context> context) : context_(std::move(context)) {}
Firewall::~Firewall() = default;

Result<std::unique_ptr<Firewall>> Firewall::make() {
  auto context = std::make_unique<Context>();
  context->handle = nft_ctx_new(NFT_CTX_DEFAULT);
  if (!context->handle) return failure("nftables is not available");
  nft_ctx_buffer_output(context->handle);
  nft_ctx_buffer_error(context->handle);
  return std::make_unique<Firewall>(std::move(context));
}

Result<void> Firewall::run(const std::string& commands) {
  if (commands.empty()) return {};
  if (nft_run_cmd_from_buffer(context_->handle, commands.c_str()) == 0) {
    nft_ctx_get_output_buffer(context_->handle);
    return {};
  }
  std::string reason(trim(nft_ctx_get_error_buffer(context_->handle)));
  return failure("nftables: " + reason);
}

std::string vpc_rules() {
  return fmt::format(R"(
add table bridge guard
add set bridge guard senders {{ type ifname . ether_addr . ipv4_addr; }}
add chain bridge guard prerouting {{ type filter hook prerouting priority -300; policy drop; }}
add rule bridge guard prerouting ether type ip iifname . ether saddr . ip saddr @senders accept
add rule bridge guard prerouting ether type arp iifname . arp saddr ether . arp saddr ip @senders accept
add table inet routes
add set inet routes subnets {{ type ipv4_addr; flags interval; }}
add set inet routes addresses {{ type ipv4_addr; }}
add chain inet routes forward {{ type filter hook forward priority -1; policy accept; }}
add rule inet routes forward oifname != "{0}" accept
add rule inet routes forward ip saddr @subnets accept
add rule inet routes forward ip saddr @addresses accept
add rule inet routes forward ct state established accept
add rule inet routes forward drop
add chain inet routes postrouting {{ type nat hook postrouting priority 100; policy accept; }}
add rule inet routes postrouting oifname "{0}" masquerade
)",
                     kUplinkInVpc);
}

std::string uplink_prefix(const std::string& data_directory) {
  return "h" + daemon_tag(data_directory).substr(0, 6);
}

std::string host_table_name(const std::string& data_directory) {
  return "holm_" + daemon_tag(data_directory);
}

// Guests reach the world through the host, but neither the host's own services, nor other VPCs but for
// their public addresses, nor the link-local addresses where a cloud's own metadata service would be.
// What goes from one VPC to another keeps its sender, whatever other tables would make of it.
std::string host_rules(const std::string& data_directory) {
  return fmt::format(R"(
add table inet {0}
delete table inet {0}
add table inet {0}
add chain inet {0} input {{ type filter hook input priority -10; policy accept; }}
add rule inet {0} input iifname "{1}*" ct state established,related accept
add rule inet {0} input iifname "{1}*" drop
add chain inet {0} forward {{ type filter hook forward priority -10; policy accept; }}
add rule inet {0} forward iifname "{1}*" oifname "{1}*" ct state established,related accept
add rule inet {0} forward iifname "{1}*" oifname "{1}*" ip daddr {3} accept
add rule inet {0} forward iifname "{1}*" oifname "{1}*" drop
add rule inet {0} forward iifname "{1}*" ip daddr {{ 169.254.0.0/16, {2} }} drop
add rule inet {0} forward oifname "{1}*" ct state != {{ established, related }} drop
add chain inet {0} postrouting {{ type nat hook postrouting priority 99; policy accept; }}
add rule inet {0} postrouting iifname "{1}*" oifname "{1}*" snat ip to ip saddr
add rule inet {0} postrouting iifname "{1}*" oifname != "{1}*" masquerade
)",
                     host_table_name(data_directory), uplink_prefix(data_directory),
                     kUplinkNetwork, kPublicNetwork);
}

bool host_table_exists(const std::string& data_directory) {
  auto firewall = Firewall::make();
  return firewall && (*firewall)->run("list table inet " + host_table_name(data_directory));
}

}  // namespace holm::sandbox
