// What an instance's metadata service asks for, and whether it answers at all.

#include <fmt/format.h>

#include "ec2/handlers.h"
#include "services/ec2/describe_instances.h"
#include "services/ec2/instances.h"

namespace holm::ec2 {

namespace {

constexpr int32_t kHopsMax = 64;

bool is_enabled(const std::optional<std::string>& word, bool otherwise) {
  return word ? *word == "enabled" : otherwise;
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceMetadataOptions.html
ModifyInstanceMetadataOptionsResult modify_instance_metadata_options(
    Service&, Call& call, const ModifyInstanceMetadataOptionsRequest& request) {
  InstanceRow row = require_instance(call, request.instance_id);
  if (row.wanted == "terminated") {
    throw aws::ServiceError("IncorrectInstanceState", 400,
                            fmt::format("The instance '{}' is not in a state from which its options can be "
                                        "modified.",
                                        row.id));
  }
  if (request.http_protocol_ipv6.value_or("disabled") != "disabled") {
    throw aws::NotImplemented("ModifyInstanceMetadataOptions: HttpProtocolIpv6 enabled");
  }
  const int32_t hops = request.http_put_response_hop_limit.value_or(static_cast<int32_t>(row.metadata_hops));
  if (hops < 1 || hops > kHopsMax) {
    throw_invalid("The value for HttpPutResponseHopLimit lies between 1 and 64.");
  }
  end_dry_run(request.dry_run);
  row.http_tokens = request.http_tokens.value_or(row.http_tokens);
  row.metadata_hops = hops;
  row.metadata_tags = is_enabled(request.instance_metadata_tags, row.metadata_tags);
  row.metadata_enabled = is_enabled(request.http_endpoint, row.metadata_enabled);
  call.transaction.run(
      "UPDATE ec2_instance SET http_tokens = ?2, metadata_hops = ?3, metadata_tags = ?4, metadata_enabled = ?5"
      " WHERE id = ?1",
      {row.id, row.http_tokens, row.metadata_hops, int64_t{row.metadata_tags}, int64_t{row.metadata_enabled}});
  auto options = describe_instance(call, row).metadata_options;
  options->state = "pending";
  return {.instance_id = row.id, .instance_metadata_options = options};
}

}  // namespace holm::ec2
