// Machine images as the API shows them, and who may launch from them.

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/time_format.h"
#include "ec2/handlers.h"
#include "services/ec2/filters.h"
#include "services/ec2/images.h"
#include "services/ec2/service.h"

namespace holm::ec2 {

namespace {

// When the machine's programs were last added to or taken from.
Time time_of_programs() {
  struct stat status{};
  const bool is_known = ::stat("/usr/bin", &status) == 0;
  return from_milliseconds(is_known ? int64_t{status.st_mtim.tv_sec} * 1000 : 0);
}

Image describe_host(const HostImage& host, Time programs) {
  Image image{.platform_details = "Linux/UNIX",
              .usage_operation = "RunInstances",
              .description = "The programs of the machine that holm runs on",
              .ena_support = true,
              .hypervisor = "xen",
              .name = host.name,
              .root_device_name = kRootDevice,
              .root_device_type = "ebs",
              .virtualization_type = "hvm",
              .image_id = host.id,
              .image_location = (host.is_of_amazon ? "amazon" : host.owner) + "/" + host.name,
              .state = "available",
              .owner_id = host.owner,
              .creation_date = iso8601_milliseconds(programs),
              .public_ = true,
              .architecture = "x86_64",
              .image_type = "machine"};
  if (host.is_of_amazon) image.image_owner_alias = "amazon";
  return image;
}

bool is_encrypted(Call& call, const ImageDevice& device) {
  return device.snapshot && call.transaction
                                .find("SELECT 1 FROM ec2_snapshot WHERE id = ?1 AND kms_key IS NOT NULL",
                                      {*device.snapshot})
                                .has_value();
}

std::vector<BlockDeviceMapping> describe_devices(Call& call, const ImageRow& row, int64_t folder_gib) {
  std::vector<BlockDeviceMapping> mappings;
  for (const ImageDevice& each : devices_of_image(call.transaction, row.id)) {
    EbsBlockDevice ebs{.delete_on_termination = each.delete_on_termination,
                       .snapshot_id = each.snapshot,
                       .volume_size = static_cast<int32_t>(each.gib.value_or(folder_gib)),
                       .volume_type = each.type,
                       .encrypted = is_encrypted(call, each)};
    if (each.iops) ebs.iops = static_cast<int32_t>(*each.iops);
    if (each.throughput) ebs.throughput = static_cast<int32_t>(*each.throughput);
    mappings.push_back({.ebs = ebs, .device_name = each.device});
  }
  return mappings;
}

Image describe(Service& service, Call& call, const ImageRow& row) {
  const auto permitted = permitted_accounts(call.transaction, row.id);
  Image image{.platform_details = "Linux/UNIX",
              .usage_operation = "RunInstances",
              .block_device_mappings = describe_devices(call, row, machine_gib(service.use().data_directory)),
              .ena_support = true,
              .hypervisor = "xen",
              .name = row.name,
              .root_device_name = kRootDevice,
              .root_device_type = "ebs",
              .tags = tags_of(call, row.id),
              .virtualization_type = "hvm",
              .source_instance_id = row.instance,
              .source_image_id = row.source,
              .source_image_region = row.source_region,
              .image_id = row.id,
              .image_location = row.account + "/" + row.name,
              .state = row.state,
              .owner_id = row.account,
              .creation_date = iso8601_milliseconds(from_milliseconds(row.created)),
              .public_ = std::ranges::find(permitted, kEverybody) != permitted.end(),
              .architecture = "x86_64",
              .image_type = "machine"};
  if (!row.description.empty()) image.description = row.description;
  if (row.reason) image.state_reason = StateReason{.code = "Client.InternalError", .message = row.reason};
  return image;
}

std::optional<std::vector<std::string>> filter_values(const Image& each, std::string_view name) {
  if (name == "is-public") return {{*each.public_ ? "true" : "false"}};
  if (name == "owner-alias") return described_values(described_as(each), "image-owner-alias");
  if (name == "manifest-location") return {{*each.image_location}};
  if (name == "image-allowed") return {{"true"}};
  if (name == "free-tier-eligible") return {{"false"}};
  constexpr std::string_view kDevice = "block-device-mapping.";
  if (!name.starts_with(kDevice) || name.ends_with("device-name")) return std::nullopt;
  const std::string path = fmt::format("{}ebs.{}", kDevice, name.substr(kDevice.size()));
  return described_values(described_as(each), path);
}

bool is_owner_asked_for(const Call& call, const std::vector<std::string>& owners, const Image& image) {
  if (owners.empty() || is_asked_for(owners, *image.owner_id)) return true;
  if (image.image_owner_alias && is_asked_for(owners, *image.image_owner_alias)) return true;
  return *image.owner_id == call.account && is_asked_for(owners, "self");
}

// Who may launch: the account itself by right, others by what was permitted.
bool is_executable_by(Call& call, const std::vector<std::string>& users, const Image& image) {
  if (users.empty()) return true;
  if (*image.public_ && is_asked_for(users, std::string(kEverybody))) return true;
  const auto permitted = permitted_accounts(call.transaction, *image.image_id);
  return std::ranges::any_of(permitted, [&](const std::string& account) {
    return is_asked_for(users, account) || (account == call.account && is_asked_for(users, "self"));
  });
}

// All that the account may see.
std::vector<Image> visible_images(Service& service, Call& call) {
  std::vector<Image> images;
  const Time programs = time_of_programs();
  for (const HostImage& host : host_images(programs)) images.push_back(describe_host(host, programs));
  for (const ImageRow& row :
       images_where(call.transaction,
                    "region = ?2 AND (account = ?1 OR id IN"
                    " (SELECT image FROM ec2_image_permission WHERE account IN (?1, 'all')))",
                    {call.account, call.region})) {
    images.push_back(describe(service, call, row));
  }
  return images;
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html
DescribeImagesResult describe_images(Service& service, Call& call, const DescribeImagesRequest& request) {
  check_filters("DescribeImages", request.filters);
  check_page(request.max_results, !request.image_ids.empty(), "imageIds");
  for (const std::string& id : request.image_ids) {
    if (!is_host_image(id)) (void)require_visible_image(call, id);
  }
  DescribeImagesResult result;
  for (Image& image : visible_images(service, call)) {
    if (!is_asked_for(request.image_ids, *image.image_id)) continue;
    if (!is_owner_asked_for(call, request.owners, image)) continue;
    if (!is_executable_by(call, request.executable_users, image)) continue;
    FilterValues values = [&](std::string_view name) { return filter_values(image, name); };
    if (passes(request.filters, image.tags, values, described_as(image)))
      result.images.push_back(std::move(image));
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.images, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImageAttribute.html
ImageAttribute describe_image_attribute(Service& service, Call& call,
                                        const DescribeImageAttributeRequest& request) {
  const ImageRow row = require_own_image(call, request.image_id);
  end_dry_run(request.dry_run);
  ImageAttribute result{.image_id = row.id};
  if (request.attribute == "description") {
    result.description = AttributeValue{.value = row.description};
  } else if (request.attribute == "blockDeviceMapping") {
    result.block_device_mappings = describe(service, call, row).block_device_mappings;
  } else if (request.attribute == "launchPermission") {
    for (const std::string& account : permitted_accounts(call.transaction, row.id)) {
      LaunchPermission& permission = result.launch_permissions.emplace_back();
      (account == kEverybody ? permission.group : permission.user_id) = account;
    }
  } else if (request.attribute != "productCodes" && request.attribute != "sriovNetSupport") {
    throw aws::NotImplemented("DescribeImageAttribute: " + request.attribute);
  }
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyImageAttribute.html
aws::Nothing modify_image_attribute(Service&, Call& call, const ModifyImageAttributeRequest& request) {
  const ImageRow row = require_own_image(call, request.image_id);
  end_dry_run(request.dry_run);
  LaunchPermissionModifications changes = request.launch_permission.value_or(LaunchPermissionModifications{});
  const std::string attribute = request.attribute.value_or("");
  if (attribute == "launchPermission") {
    const std::string operation = request.operation_type.value_or("");
    if (operation != "add" && operation != "remove") throw_missing("operationType");
    auto& list = operation == "add" ? changes.add : changes.remove;
    for (const std::string& account : request.user_ids) list.push_back({.user_id = account});
    for (const std::string& group : request.user_groups) list.push_back({.group = group});
  } else if (!attribute.empty() && attribute != "description") {
    throw aws::NotImplemented("ModifyImageAttribute: " + attribute);
  }
  std::optional<std::string> description;
  if (request.description) description = request.description->value.value_or("");
  if (attribute == "description" && request.value) description = request.value;
  if (description) {
    call.transaction.run("UPDATE ec2_image SET description = ?2 WHERE id = ?1", {row.id, *description});
  }
  auto account_of = [](const LaunchPermission& each) {
    if (each.group && *each.group != kEverybody) throw_invalid("Invalid group: " + *each.group);
    return each.group.value_or(each.user_id.value_or(""));
  };
  for (const LaunchPermission& each : changes.add) {
    call.transaction.run(
        "INSERT INTO ec2_image_permission (image, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        {row.id, account_of(each)});
  }
  for (const LaunchPermission& each : changes.remove) {
    call.transaction.run("DELETE FROM ec2_image_permission WHERE image = ?1 AND account = ?2",
                         {row.id, account_of(each)});
  }
  return {};
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ResetImageAttribute.html
aws::Nothing reset_image_attribute(Service&, Call& call, const ResetImageAttributeRequest& request) {
  const ImageRow row = require_own_image(call, request.image_id);
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_image_permission WHERE image = ?1", {row.id});
  return {};
}

}  // namespace holm::ec2
