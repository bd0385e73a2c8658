// Launch templates and their versions.

#include "services/ec2/launch_templates.h"

#include <fmt/format.h>

#include "aws/codec/json_codec.h"
#include "base/check.h"
#include "base/strings.h"
#include "ec2/handlers.h"
#include "ec2/schema.h"
#include "formats/json.h"
#include "services/ec2/filters.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

constexpr size_t kVersionsMax = 10'000;

struct TemplateRow {
  std::string id;
  std::string name;
  int64_t default_version = 1;
  int64_t latest_version = 1;
  std::string creator;
  int64_t created = 0;
};

// The column latest_version counts the numbers that were given, those of deleted versions too.
constexpr char kColumns[] =
    "id, name, default_version, (SELECT max(version) FROM ec2_launch_template_version WHERE template = id),"
    " creator, created";

TemplateRow read_row(const sql::Row& row) {
  return {row.text(0), row.text(1), row.integer(2), row.integer(3), row.text(4), row.integer(5)};
}

TemplateRow require_template(Call& call, const std::optional<std::string>& id,
                             const std::optional<std::string>& name) {
  if (id.has_value() == name.has_value()) {
    throw aws::ServiceError(
        "InvalidParameterCombination", 400,
        "Either a launch template ID or a launch template name must be specified, not both.");
  }
  auto row = call.transaction.find(
      fmt::format("SELECT {} FROM ec2_launch_template WHERE account = ?1 AND region = ?2 AND {} = ?3",
                  kColumns, id ? "id" : "name"),
      {call.account, call.region, id ? *id : *name});
  if (!row && id) {
    throw aws::ServiceError(
        "InvalidLaunchTemplateId.NotFound", 400,
        fmt::format("The specified launch template, with template ID {}, does not exist.", *id));
  }
  if (!row) {
    throw aws::ServiceError(
        "InvalidLaunchTemplateName.NotFoundException", 400,
        fmt::format("The specified launch template, with template name {}, does not exist.", *name));
  }
  return read_row(*row);
}

std::string no_version(const TemplateRow& row, const std::string& version) {
  return fmt::format("Could not find launch template version {} of {}.", version, row.id);
}

bool version_exists(Call& call, const TemplateRow& row, int64_t version) {
  return call.transaction
      .find("SELECT 1 FROM ec2_launch_template_version WHERE template = ?1 AND version = ?2",
            {row.id, version})
      .has_value();
}

int64_t require_version(Call& call, const TemplateRow& row, const std::string& version) {
  if (version.empty() || version == "$Default") return row.default_version;
  if (version == "$Latest") return row.latest_version;
  auto number = parse_integer(version);
  if (!number || !version_exists(call, row, *number)) {
    throw aws::ServiceError("InvalidLaunchTemplateId.VersionNotFound", 400, no_version(row, version));
  }
  return *number;
}

template <class Data>
Data read_data(Call& call, const TemplateRow& row, int64_t version) {
  auto found = call.transaction.find(
      "SELECT data FROM ec2_launch_template_version WHERE template = ?1 AND version = ?2", {row.id, version});
  CHECK(found.has_value());
  Data data;
  CHECK(aws::read_kept_json(found->text(0), shape_of(data), &data).has_value());
  return data;
}

LaunchTemplate describe(Call& call, const TemplateRow& row) {
  return {.launch_template_id = row.id,
          .launch_template_name = row.name,
          .create_time = from_milliseconds(row.created),
          .created_by = row.creator,
          .default_version_number = row.default_version,
          .latest_version_number = row.latest_version,
          .tags = tags_of(call, row.id)};
}

LaunchTemplateVersion describe_version(Call& call, const TemplateRow& row, int64_t version) {
  auto found = call.transaction.find(
      "SELECT description, creator, created FROM ec2_launch_template_version WHERE template = ?1 AND version "
      "= ?2",
      {row.id, version});
  return {.launch_template_id = row.id,
          .launch_template_name = row.name,
          .version_number = version,
          .version_description = found->optional_text(0),
          .create_time = from_milliseconds(found->integer(2)),
          .created_by = found->text(1),
          .default_version = version == row.default_version,
          .launch_template_data = read_data<ResponseLaunchTemplateData>(call, row, version)};
}

// Filters on what a version's data say; the others are answered from the version itself.
std::optional<std::vector<std::string>> version_values(const LaunchTemplateVersion& each,
                                                       std::string_view name) {
  if (name == "is-default-version") return {{*each.default_version ? "true" : "false"}};
  if (name == "create-time") return std::nullopt;
  const ResponseLaunchTemplateData& data = *each.launch_template_data;
  if (name == "http-endpoint" || name == "http-tokens") {
    if (!data.metadata_options) return std::vector<std::string>{};
    return described_values(described_as(*data.metadata_options), name);
  }
  if (name == "iam-instance-profile") {
    if (!data.iam_instance_profile) return std::vector<std::string>{};
    return {{data.iam_instance_profile->arn.value_or(data.iam_instance_profile->name.value_or(""))}};
  }
  return described_values(described_as(data), name);
}

void insert_version(Call& call, const std::string& id, int64_t version,
                    const std::optional<std::string>& description, const RequestLaunchTemplateData& data) {
  call.transaction.run(
      "INSERT INTO ec2_launch_template_version (template, version, description, data, creator, created)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      {id, version, sql::optional_value(description), aws::write_kept_json(shape_of(data), &data),
       call.principal.arn, to_milliseconds(call.now)});
}

// What is given stands in place of the whole member of that name.
RequestLaunchTemplateData laid_over(const RequestLaunchTemplateData& under,
                                    const RequestLaunchTemplateData& over) {
  auto document = formats::parse_json(aws::write_kept_json(shape_of(under), &under)).value();
  const auto given = formats::parse_json(aws::write_kept_json(shape_of(over), &over)).value();
  for (const auto& [name, value] : *given.as_object()) {
    if (value.as_array() && value.as_array()->empty()) continue;
    document.as_object()->set(name, value);
  }
  RequestLaunchTemplateData data;
  CHECK(aws::read_kept_json(formats::write_json(document), shape_of(data), &data).has_value());
  return data;
}

template <class T>
void lay_under(std::optional<T>& over, const std::optional<T>& under) {
  if (!over) over = under;
}
template <class T>
void lay_under(std::vector<T>& over, const std::vector<T>& under) {
  if (over.empty()) over = under;
}

// A device of the request stands in place of the template's.
void lay_mappings_under(std::vector<BlockDeviceMapping>& over,
                        const std::vector<LaunchTemplateBlockDeviceMappingRequest>& under) {
  std::vector<BlockDeviceMapping> mappings;
  for (const auto& each : under) {
    auto found = std::ranges::find(over, each.device_name, &BlockDeviceMapping::device_name);
    if (found != over.end()) continue;
    BlockDeviceMapping& mapping = mappings.emplace_back();
    mapping.device_name = each.device_name;
    mapping.no_device = each.no_device;
    mapping.virtual_name = each.virtual_name;
    if (!each.ebs) continue;
    mapping.ebs = EbsBlockDevice{.delete_on_termination = each.ebs->delete_on_termination,
                                 .iops = each.ebs->iops,
                                 .snapshot_id = each.ebs->snapshot_id,
                                 .volume_size = each.ebs->volume_size,
                                 .volume_type = each.ebs->volume_type,
                                 .kms_key_id = each.ebs->kms_key_id,
                                 .throughput = each.ebs->throughput,
                                 .encrypted = each.ebs->encrypted};
  }
  over.insert(over.begin(), mappings.begin(), mappings.end());
}

InstanceMarketOptionsRequest market_options_of(const LaunchTemplateInstanceMarketOptionsRequest& given) {
  InstanceMarketOptionsRequest options{.market_type = given.market_type};
  if (!given.spot_options) return options;
  options.spot_options =
      SpotMarketOptions{.max_price = given.spot_options->max_price,
                        .spot_instance_type = given.spot_options->spot_instance_type,
                        .valid_until = given.spot_options->valid_until,
                        .instance_interruption_behavior = given.spot_options->instance_interruption_behavior};
  return options;
}

}  // namespace

RunInstancesRequest with_launch_template(Call& call, const RunInstancesRequest& request) {
  if (!request.launch_template) return request;
  const LaunchTemplateSpecification& specification = *request.launch_template;
  const TemplateRow row =
      require_template(call, specification.launch_template_id, specification.launch_template_name);
  const int64_t version = require_version(call, row, specification.version.value_or(""));
  const auto data = read_data<RequestLaunchTemplateData>(call, row, version);
  RunInstancesRequest merged = request;
  merged.launch_template =
      LaunchTemplateSpecification{.launch_template_id = row.id, .version = std::to_string(version)};
  lay_under(merged.image_id, data.image_id);
  lay_under(merged.instance_type, data.instance_type);
  lay_under(merged.key_name, data.key_name);
  lay_under(merged.user_data, data.user_data);
  lay_under(merged.disable_api_termination, data.disable_api_termination);
  lay_under(merged.disable_api_stop, data.disable_api_stop);
  lay_under(merged.ebs_optimized, data.ebs_optimized);
  lay_under(merged.instance_initiated_shutdown_behavior, data.instance_initiated_shutdown_behavior);
  if (!merged.iam_instance_profile && data.iam_instance_profile) {
    merged.iam_instance_profile = IamInstanceProfileSpecification{.arn = data.iam_instance_profile->arn,
                                                                  .name = data.iam_instance_profile->name};
  }
  if (!merged.metadata_options && data.metadata_options) {
    merged.metadata_options = InstanceMetadataOptionsRequest{
        .http_tokens = data.metadata_options->http_tokens,
        .http_put_response_hop_limit = data.metadata_options->http_put_response_hop_limit,
        .http_endpoint = data.metadata_options->http_endpoint,
        .http_protocol_ipv6 = data.metadata_options->http_protocol_ipv6,
        .instance_metadata_tags = data.metadata_options->instance_metadata_tags};
  }
  if (!merged.monitoring && data.monitoring) {
    merged.monitoring = RunInstancesMonitoringEnabled{.enabled = data.monitoring->enabled.value_or(false)};
  }
  if (!merged.instance_market_options && data.instance_market_options) {
    merged.instance_market_options = market_options_of(*data.instance_market_options);
  }
  if (!merged.credit_specification && data.credit_specification) {
    merged.credit_specification = data.credit_specification;
  }
  lay_mappings_under(merged.block_device_mappings, data.block_device_mappings);
  if (!merged.placement && data.placement) {
    merged.placement = Placement{.availability_zone = data.placement->availability_zone};
  }
  if (merged.network_interfaces.empty()) {
    for (const auto& each : data.network_interfaces) {
      merged.network_interfaces.push_back(
          {.associate_public_ip_address = each.associate_public_ip_address,
           .delete_on_termination = each.delete_on_termination,
           .description = each.description,
           .device_index = each.device_index,
           .groups = each.groups,
           .network_interface_id = each.network_interface_id,
           .private_ip_address = each.private_ip_address,
           .subnet_id = merged.subnet_id ? merged.subnet_id : each.subnet_id});
    }
    // The subnet of the request goes to the template's interface.
    if (!merged.network_interfaces.empty()) merged.subnet_id.reset();
  }
  if (merged.network_interfaces.empty()) {
    lay_under(merged.security_group_ids, data.security_group_ids);
    lay_under(merged.security_groups, data.security_groups);
  }
  for (const auto& each : data.tag_specifications) {
    merged.tag_specifications.insert(
        merged.tag_specifications.begin(),
        TagSpecification{.resource_type = each.resource_type, .tags = each.tags});
  }
  return merged;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
CreateLaunchTemplateResult create_launch_template(Service& service, Call& call,
                                                  const CreateLaunchTemplateRequest& request) {
  const std::string& name = request.launch_template_name;
  if (call.transaction.find(
          "SELECT 1 FROM ec2_launch_template WHERE account = ?1 AND region = ?2 AND name = ?3",
          {call.account, call.region, name})) {
    throw aws::ServiceError("InvalidLaunchTemplateName.AlreadyExistsException", 400,
                            "Launch template name already in use.");
  }
  end_dry_run(request.dry_run);
  const TemplateRow row{new_id(service.random(), "lt"), name, 1, 1, call.principal.arn,
                        to_milliseconds(call.now)};
  call.transaction.run(
      "INSERT INTO ec2_launch_template (account, region, id, name, default_version, latest_version, creator, "
      "created)"
      " VALUES (?1, ?2, ?3, ?4, 1, 1, ?5, ?6)",
      {call.account, call.region, row.id, row.name, row.creator, row.created});
  insert_version(call, row.id, 1, request.version_description, request.launch_template_data);
  write_tags(call, row.id, "launch-template", request.tag_specifications);
  return {.launch_template = describe(call, row)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
CreateLaunchTemplateVersionResult create_launch_template_version(
    Service&, Call& call, const CreateLaunchTemplateVersionRequest& request) {
  TemplateRow row = require_template(call, request.launch_template_id, request.launch_template_name);
  RequestLaunchTemplateData data = request.launch_template_data;
  if (request.source_version) {
    const int64_t source = require_version(call, row, *request.source_version);
    data = laid_over(read_data<RequestLaunchTemplateData>(call, row, source), data);
  }
  const auto given =
      call.transaction.find("SELECT latest_version FROM ec2_launch_template WHERE id = ?1", {row.id});
  if (given->integer(0) >= static_cast<int64_t>(kVersionsMax)) {
    throw aws::ServiceError("VersionLimitExceeded", 400, "A launch template has at most 10000 versions.");
  }
  end_dry_run(request.dry_run);
  row.latest_version = given->integer(0) + 1;
  call.transaction.run("UPDATE ec2_launch_template SET latest_version = ?2 WHERE id = ?1",
                       {row.id, row.latest_version});
  insert_version(call, row.id, row.latest_version, request.version_description, data);
  return {.launch_template_version = describe_version(call, row, row.latest_version)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplate.html
DeleteLaunchTemplateResult delete_launch_template(Service&, Call& call,
                                                  const DeleteLaunchTemplateRequest& request) {
  const TemplateRow row = require_template(call, request.launch_template_id, request.launch_template_name);
  end_dry_run(request.dry_run);
  DeleteLaunchTemplateResult result{.launch_template = describe(call, row)};
  call.transaction.run("DELETE FROM ec2_launch_template WHERE id = ?1", {row.id});
  delete_tags_of(call, row.id);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteLaunchTemplateVersions.html
// Numbers are never given again, and the default version cannot go.
DeleteLaunchTemplateVersionsResult delete_launch_template_versions(
    Service&, Call& call, const DeleteLaunchTemplateVersionsRequest& request) {
  const TemplateRow row = require_template(call, request.launch_template_id, request.launch_template_name);
  DeleteLaunchTemplateVersionsResult result;
  for (const std::string& version : request.versions) {
    const int64_t number = parse_integer(version).value_or(0);
    if (number == row.default_version) {
      throw_invalid(
          fmt::format("Version {} is the default version of {}, which cannot be deleted.", number, row.id));
    }
    if (!version_exists(call, row, number)) {
      result.unsuccessfully_deleted_launch_template_versions.push_back(
          {.launch_template_id = row.id,
           .launch_template_name = row.name,
           .version_number = number,
           .response_error = ResponseError{.code = "launchTemplateVersionDoesNotExist",
                                           .message = no_version(row, version)}});
      continue;
    }
    call.transaction.run("DELETE FROM ec2_launch_template_version WHERE template = ?1 AND version = ?2",
                         {row.id, number});
    result.successfully_deleted_launch_template_versions.push_back(
        {.launch_template_id = row.id, .launch_template_name = row.name, .version_number = number});
  }
  end_dry_run(request.dry_run);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyLaunchTemplate.html
ModifyLaunchTemplateResult modify_launch_template(Service&, Call& call,
                                                  const ModifyLaunchTemplateRequest& request) {
  TemplateRow row = require_template(call, request.launch_template_id, request.launch_template_name);
  row.default_version = require_version(call, row, request.default_version.value_or(""));
  end_dry_run(request.dry_run);
  call.transaction.run("UPDATE ec2_launch_template SET default_version = ?2 WHERE id = ?1",
                       {row.id, row.default_version});
  return {.launch_template = describe(call, row)};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplates.html
DescribeLaunchTemplatesResult describe_launch_templates(Service&, Call& call,
                                                        const DescribeLaunchTemplatesRequest& request) {
  check_filters("DescribeLaunchTemplates", request.filters);
  for (const std::string& id : request.launch_template_ids) require_template(call, id, std::nullopt);
  for (const std::string& name : request.launch_template_names) require_template(call, std::nullopt, name);
  DescribeLaunchTemplatesResult result;
  for (const sql::Row& each : call.transaction.run(
           fmt::format(
               "SELECT {} FROM ec2_launch_template WHERE account = ?1 AND region = ?2 ORDER BY created, id",
               kColumns),
           {call.account, call.region})) {
    const TemplateRow row = read_row(each);
    if (!is_asked_for(request.launch_template_ids, row.id) ||
        !is_asked_for(request.launch_template_names, row.name))
      continue;
    FilterValues values = [&](std::string_view name) -> std::optional<std::vector<std::string>> {
      if (name == "launch-template-name") return {{row.name}};
      return std::nullopt;
    };
    LaunchTemplate described = describe(call, row);
    if (passes(request.filters, described.tags, values, described_as(described)))
      result.launch_templates.push_back(std::move(described));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.launch_templates, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplateVersions.html
DescribeLaunchTemplateVersionsResult describe_launch_template_versions(
    Service&, Call& call, const DescribeLaunchTemplateVersionsRequest& request) {
  check_filters("DescribeLaunchTemplateVersions", request.filters);
  const TemplateRow row = require_template(call, request.launch_template_id, request.launch_template_name);
  DescribeLaunchTemplateVersionsResult result;
  for (const std::string& version : request.versions) {
    result.launch_template_versions.push_back(
        describe_version(call, row, require_version(call, row, version)));
  }
  if (request.versions.empty()) {
    const int64_t from = parse_integer(request.min_version.value_or("1")).value_or(1);
    const int64_t to = parse_integer(request.max_version.value_or("")).value_or(row.latest_version);
    for (int64_t version = std::min(to, row.latest_version); version >= std::max<int64_t>(from, 1);
         --version) {
      if (!version_exists(call, row, version)) continue;
      result.launch_template_versions.push_back(describe_version(call, row, version));
    }
  }
  std::erase_if(result.launch_template_versions, [&](const LaunchTemplateVersion& each) {
    FilterValues values = [&](std::string_view name) { return version_values(each, name); };
    return !passes(request.filters, {}, values, described_as(each));
  });
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.launch_template_versions, request.max_results, request.next_token);
  return result;
}

}  // namespace holm::ec2
