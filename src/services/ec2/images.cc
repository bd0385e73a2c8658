// Rows of machine images.

#include "services/ec2/images.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/characters.h"

namespace holm::ec2 {

namespace {

constexpr size_t kNameMin = 3, kNameMax = 128;

constexpr char kColumns[] =
    "account, region, id, name, description, state, reason, instance, source, source_region, reboots, "
    "created";

ImageRow read_row(const sql::Row& row) {
  return {.account = row.text(0),
          .region = row.text(1),
          .id = row.text(2),
          .name = row.text(3),
          .description = row.text(4),
          .state = row.text(5),
          .reason = row.optional_text(6),
          .instance = row.optional_text(7),
          .source = row.optional_text(8),
          .source_region = row.optional_text(9),
          .reboots = row.integer(10) != 0,
          .created = row.integer(11)};
}

bool is_name_character(char c) {
  return is_letter_or_digit(c) || std::string_view("()[] ./-'@_").find(c) != std::string_view::npos;
}

[[noreturn]] void throw_no_image(const std::string& id) {
  if (!id.starts_with("ami-")) {
    throw aws::ServiceError("InvalidAMIID.Malformed", 400,
                            fmt::format("Invalid id: \"{}\" (expecting \"ami-...\")", id));
  }
  throw aws::ServiceError("InvalidAMIID.NotFound", 400,
                          fmt::format("The image id '[{}]' does not exist", id));
}

}  // namespace

std::vector<ImageRow> images_where(sql::Transaction& transaction, std::string_view condition,
                                   std::vector<sql::Value> arguments) {
  std::vector<ImageRow> rows;
  for (const sql::Row& row : transaction.run(
           fmt::format("SELECT {} FROM ec2_image WHERE {} ORDER BY created, id", kColumns, condition),
           std::move(arguments))) {
    rows.push_back(read_row(row));
  }
  return rows;
}

ImageRow require_visible_image(Call& call, const std::string& id) {
  auto rows = images_where(call.transaction, "region = ?1 AND id = ?2", {call.region, id});
  if (rows.empty()) throw_no_image(id);
  const auto permitted = permitted_accounts(call.transaction, id);
  const bool is_visible = rows.front().account == call.account ||
                          std::ranges::find(permitted, call.account) != permitted.end() ||
                          std::ranges::find(permitted, kEverybody) != permitted.end();
  if (!is_visible) throw_no_image(id);
  return rows.front();
}

ImageRow require_own_image(Call& call, const std::string& id) {
  if (!is_host_image(id)) {
    const ImageRow row = require_visible_image(call, id);
    if (row.account == call.account) return row;
  }
  throw aws::ServiceError("AuthFailure", 403, fmt::format("Not authorized for image:{}", id));
}

std::vector<ImageDevice> devices_of_image(sql::Transaction& transaction, const std::string& image) {
  std::vector<ImageDevice> devices;
  for (const sql::Row& row : transaction.run(
           "SELECT device, snapshot, gib, type, iops, throughput, delete_on_termination FROM ec2_image_device"
           " WHERE image = ?1 ORDER BY device <> ?2, device",
           {image, kRootDevice})) {
    devices.push_back({.device = row.text(0),
                       .snapshot = row.optional_text(1),
                       .gib = row.optional_integer(2),
                       .type = row.text(3),
                       .iops = row.optional_integer(4),
                       .throughput = row.optional_integer(5),
                       .delete_on_termination = row.integer(6) != 0});
  }
  return devices;
}

std::vector<std::string> permitted_accounts(sql::Transaction& transaction, const std::string& image) {
  std::vector<std::string> accounts;
  for (const sql::Row& row : transaction.run(
           "SELECT account FROM ec2_image_permission WHERE image = ?1 ORDER BY account", {image})) {
    accounts.push_back(row.text(0));
  }
  return accounts;
}

std::vector<VolumeWish> volumes_of_image(Call& call, const std::string& id) {
  if (is_host_image(id)) return {};
  const ImageRow image = require_visible_image(call, id);
  if (image.state != "available") {
    throw aws::ServiceError("InvalidAMIID.Unavailable", 400,
                            fmt::format("The image id '[{}]' is not available: it is {}", id, image.state));
  }
  std::vector<VolumeWish> wishes;
  for (const ImageDevice& each : devices_of_image(call.transaction, id)) {
    VolumeWish& wish = wishes.emplace_back();
    wish = {.device = each.device,
            .gib = each.gib,
            .type = each.type,
            .iops = each.iops,
            .throughput = each.throughput,
            .delete_on_termination = each.delete_on_termination};
    if (!each.snapshot) continue;
    auto snapshots = snapshots_where(call.transaction, "id = ?1", {*each.snapshot});
    if (!snapshots.empty()) wish.snapshot = snapshots.front();
  }
  return wishes;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
void check_image_name(Call& call, const std::string& name) {
  if (name.size() < kNameMin || name.size() > kNameMax || !std::ranges::all_of(name, is_name_character)) {
    throw aws::ServiceError("InvalidAMIName.Malformed", 400,
                            "AMI names must be between 3 and 128 characters long, and may contain letters,"
                            " numbers, '(', ')', '[', ']', ' ', '.', '/', '-', ''', '@', '_'");
  }
  auto rows = images_where(call.transaction, "account = ?1 AND region = ?2 AND name = ?3",
                           {call.account, call.region, name});
  if (rows.empty()) return;
  throw aws::ServiceError("InvalidAMIName.Duplicate", 400,
                          fmt::format("AMI name {} is already in use by AMI {}", name, rows.front().id));
}

std::vector<Tag> tags_for_image(const std::vector<TagSpecification>& specifications, std::string_view type) {
  std::vector<Tag> tags;
  for (const TagSpecification& each : specifications) {
    const std::string kind = each.resource_type.value_or("");
    if (kind != "image" && kind != "snapshot") {
      throw_invalid(fmt::format("'{}' is not a valid taggable resource type for this operation.", kind));
    }
    if (kind == type) tags.insert(tags.end(), each.tags.begin(), each.tags.end());
  }
  return tags;
}

void insert_image(Call& call, const ImageRow& row, const std::vector<ImageDevice>& devices) {
  call.transaction.run(
      fmt::format("INSERT INTO ec2_image ({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                  kColumns),
      {row.account, row.region, row.id, row.name, row.description, row.state, sql::optional_value(row.reason),
       sql::optional_value(row.instance), sql::optional_value(row.source),
       sql::optional_value(row.source_region), int64_t{row.reboots}, row.created});
  for (const ImageDevice& each : devices) {
    call.transaction.run(
        "INSERT INTO ec2_image_device (image, device, snapshot, gib, type, iops, throughput,"
        " delete_on_termination) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        {row.id, each.device, sql::optional_value(each.snapshot), sql::optional_value(each.gib), each.type,
         sql::optional_value(each.iops), sql::optional_value(each.throughput),
         int64_t{each.delete_on_termination}});
  }
}

}  // namespace holm::ec2
