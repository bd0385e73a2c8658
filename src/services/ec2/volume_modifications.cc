// Changing volumes that exist: larger ones, other types, and whether all is well with them.

#include <fmt/format.h>

#include <filesystem>

#include "aws/service/region.h"
#include "base/log.h"
#include "ec2/handlers.h"
#include "sandbox/snapshots.h"
#include "services/ec2/filters.h"
#include "services/ec2/service.h"
#include "services/ec2/volumes.h"
#include "services/ec2/zone_faults.h"
#include "services/ec2/zones.h"

namespace holm::ec2 {

namespace {

constexpr int kAttemptsMax = 4;
constexpr int kIopsOfGp3 = 3000, kThroughputOfGp3 = 125;

std::optional<int32_t> narrow(const std::optional<int64_t>& number) {
  return number ? std::optional(static_cast<int32_t>(*number)) : std::nullopt;
}

VolumeModification describe(const ModificationRow& row) {
  VolumeModification result{.volume_id = row.volume,
                            .modification_state = row.state,
                            .status_message = row.message,
                            .target_size = narrow(row.after.gib),
                            .target_iops = narrow(row.after.iops),
                            .target_volume_type = row.after.type,
                            .target_throughput = narrow(row.after.throughput),
                            .target_multi_attach_enabled = false,
                            .original_size = narrow(row.before.gib),
                            .original_iops = narrow(row.before.iops),
                            .original_volume_type = row.before.type,
                            .original_throughput = narrow(row.before.throughput),
                            .original_multi_attach_enabled = false,
                            .progress = row.state == "completed" ? 100 : 0,
                            .start_time = from_milliseconds(row.started)};
  if (row.ended) result.end_time = from_milliseconds(*row.ended);
  return result;
}

// With what gp3 comes with, where nothing was said.
VolumeWish present(const VolumeRow& row) {
  VolumeWish wish{.device = "", .gib = row.gib, .type = row.type, .iops = row.iops, .throughput = row.throughput};
  if (row.type == "gp3" && !wish.iops) wish.iops = kIopsOfGp3;
  if (row.type == "gp3" && !wish.throughput) wish.throughput = kThroughputOfGp3;
  return wish;
}

VolumeWish wanted_by(const ModifyVolumeRequest& request, const VolumeRow& row) {
  VolumeWish after = present(row);
  const bool is_other_type = request.volume_type && *request.volume_type != row.type;
  if (is_other_type) {
    after.type = *request.volume_type;
    const bool is_gp3 = after.type == "gp3";
    after.iops = is_gp3 ? std::optional<int64_t>(kIopsOfGp3) : std::nullopt;
    after.throughput = is_gp3 ? std::optional<int64_t>(kThroughputOfGp3) : std::nullopt;
  }
  if (request.size) after.gib = request.size;
  if (request.iops) after.iops = request.iops;
  if (request.throughput) after.throughput = request.throughput;
  check_volume(after);
  return after;
}

std::string status_of(Service& service, Call& call, const VolumeRow& row) {
  if (row.state == "creating") return "insufficient-data";
  if (row.state == "error" || cut_since(call.transaction, row.account, row.zone)) return "impaired";
  std::error_code ignored;
  const bool is_there =
      !row.is_disk() || row.origin || (row.instance && row.attachment == "attaching") ||
      std::filesystem::exists(disk_path(service.use().data_directory, row.id), ignored);
  return is_there ? "ok" : "impaired";
}

VolumeStatusItem describe_status(Service& service, Call& call, const VolumeRow& row) {
  const std::string status = status_of(service, call, row);
  const bool is_known = status != "insufficient-data";
  VolumeStatusItem item{.availability_zone = row.zone,
                        .volume_id = row.id,
                        .volume_status = VolumeStatusInfo{.status = status},
                        .availability_zone_id = zone_id_of(row.zone)};
  item.volume_status->details = {
      {.name = "io-enabled", .status = status == "ok" ? "passed" : is_known ? "failed" : "insufficient-data"},
      {.name = "io-performance", .status = "not-applicable"}};
  if (row.instance) item.attachment_statuses.push_back({.instance_id = row.instance});
  return item;
}

std::optional<std::vector<std::string>> status_filter_values(const VolumeStatusItem& item,
                                                             std::string_view name) {
  if (name == "operator.managed") return {{"false"}};
  const bool names = name == "volume-status.details-name";
  if (!names && name != "volume-status.details-status") return std::nullopt;
  std::vector<std::string> values;
  for (const auto& each : item.volume_status->details) {
    values.push_back((names ? each.name : each.status).value_or(""));
  }
  return values;
}

}  // namespace

std::optional<ModificationRow> find_modification(sql::Transaction& transaction, const std::string& volume) {
  auto row = transaction.find(
      "SELECT old_gib, old_type, old_iops, old_throughput, gib, type, iops, throughput, state, message, started,"
      " ended FROM ec2_volume_modification WHERE volume = ?1",
      {volume});
  if (!row) return std::nullopt;
  ModificationRow result{.volume = volume,
                         .state = row->text(8),
                         .message = row->optional_text(9),
                         .started = row->integer(10),
                         .ended = row->optional_integer(11)};
  result.before = {.device = "",
                   .gib = row->optional_integer(0),
                   .type = row->text(1),
                   .iops = row->optional_integer(2),
                   .throughput = row->optional_integer(3)};
  result.after = {.device = "",
                  .gib = row->optional_integer(4),
                  .type = row->text(5),
                  .iops = row->optional_integer(6),
                  .throughput = row->optional_integer(7)};
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVolume.html
ModifyVolumeResult modify_volume(Service& service, Call& call, const ModifyVolumeRequest& request) {
  const VolumeRow row = require_volume(call, request.volume_id);
  if (row.state != "available" && row.state != "in-use") {
    throw aws::ServiceError("IncorrectState", 400, fmt::format("The volume '{}' is '{}'", row.id, row.state));
  }
  if (request.multi_attach_enabled.value_or(false)) {
    throw aws::NotImplemented("ModifyVolume: MultiAttachEnabled");
  }
  if (auto last = find_modification(call.transaction, row.id); last && last->state == "modifying") {
    throw aws::ServiceError("IncorrectModificationState", 400,
                            fmt::format("Volume {} is being modified already.", row.id));
  }
  if (request.size && !row.is_disk()) {
    throw aws::NotImplemented("ModifyVolume: Size of a root volume whose size nobody gave");
  }
  if (request.size && *request.size < *row.gib) {
    throw_invalid(fmt::format("New size cannot be smaller than existing size: {} GiB.", *row.gib));
  }
  const VolumeWish before = present(row), after = wanted_by(request, row);
  end_dry_run(request.dry_run);
  call.transaction.run("DELETE FROM ec2_volume_modification WHERE volume = ?1", {row.id});
  call.transaction.run(
      "INSERT INTO ec2_volume_modification (volume, old_gib, old_type, old_iops, old_throughput, gib, type, iops,"
      " throughput, state, started) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'modifying', ?10)",
      {row.id, sql::optional_value(before.gib), before.type, sql::optional_value(before.iops),
       sql::optional_value(before.throughput), sql::optional_value(after.gib), after.type,
       sql::optional_value(after.iops), sql::optional_value(after.throughput), to_milliseconds(call.now)});
  service.volumes().schedule(call.transaction, row.id);
  return {.volume_modification = describe(*find_modification(call.transaction, row.id))};
}

// The volume is as it was asked for once its disk is; who has it mounted may see the room later.
void Volumes::modify(const VolumeRow& row, int attempt) {
  std::optional<ModificationRow> asked;
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read,
                       [&](aws::Call& call) { asked = find_modification(call.transaction, row.id); });
  if (!asked || asked->state != "modifying") return;
  std::optional<std::string> problem;
  if (asked->after.gib && asked->after.gib != row.gib) {
    auto grown = sandbox::grow_disk(disk_path(use_.data_directory, row.id),
                                    static_cast<uint64_t>(*asked->after.gib) << 30);
    if (!grown) problem = grown.error().message;
  }
  if (problem && attempt < kAttemptsMax) throw aws::ServiceError("InternalError", 500, *problem);
  if (problem) log::error(fmt::format("volume {}: {}", row.id, *problem));
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    const VolumeWish& now = problem ? asked->before : asked->after;
    call.transaction.run(
        "UPDATE ec2_volume SET gib = ?2, type = ?3, iops = ?4, throughput = ?5 WHERE id = ?1",
        {row.id, sql::optional_value(now.gib), now.type, sql::optional_value(now.iops),
         sql::optional_value(now.throughput)});
    call.transaction.run(
        "UPDATE ec2_volume_modification SET state = ?2, message = ?3, ended = ?4 WHERE volume = ?1",
        {row.id, problem ? "failed" : "completed", sql::optional_value(problem),
         to_milliseconds(call.now)});
  });
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumesModifications.html
DescribeVolumesModificationsResult describe_volumes_modifications(
    Service&, Call& call, const DescribeVolumesModificationsRequest& request) {
  check_filters("DescribeVolumesModifications", request.filters);
  for (const std::string& id : request.volume_ids) {
    require_volume(call, id);
    if (find_modification(call.transaction, id)) continue;
    throw aws::ServiceError("InvalidVolumeModification.NotFound", 400,
                            fmt::format("Modification for volume '{}' does not exist.", id));
  }
  DescribeVolumesModificationsResult result;
  for (const VolumeRow& row :
       volumes_where(call.transaction, "account = ?1 AND region = ?2", {call.account, call.region})) {
    if (!is_asked_for(request.volume_ids, row.id)) continue;
    const auto found = find_modification(call.transaction, row.id);
    if (!found) continue;
    VolumeModification told = describe(*found);
    FilterValues values = [](std::string_view) { return std::nullopt; };
    if (passes(request.filters, {}, values, described_as(told))) {
      result.volumes_modifications.push_back(std::move(told));
    }
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.volumes_modifications, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumeStatus.html
DescribeVolumeStatusResult describe_volume_status(Service& service, Call& call,
                                                  const DescribeVolumeStatusRequest& request) {
  check_filters("DescribeVolumeStatus", request.filters);
  check_page(request.max_results, !request.volume_ids.empty(), "volumeIds");
  for (const std::string& id : request.volume_ids) require_volume(call, id);
  DescribeVolumeStatusResult result;
  for (const VolumeRow& row :
       volumes_where(call.transaction, "account = ?1 AND region = ?2", {call.account, call.region})) {
    if (!is_asked_for(request.volume_ids, row.id)) continue;
    VolumeStatusItem item = describe_status(service, call, row);
    FilterValues values = [&](std::string_view name) { return status_filter_values(item, name); };
    if (passes(request.filters, {}, values, described_as(item))) {
      result.volume_statuses.push_back(std::move(item));
    }
  }
  end_dry_run(request.dry_run);
  result.next_token = take_page(result.volume_statuses, request.max_results, request.next_token);
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVolumeAttribute.html
DescribeVolumeAttributeResult describe_volume_attribute(Service&, Call& call,
                                                        const DescribeVolumeAttributeRequest& request) {
  const VolumeRow row = require_volume(call, request.volume_id);
  end_dry_run(request.dry_run);
  DescribeVolumeAttributeResult result{.volume_id = row.id};
  if (request.attribute != "autoEnableIO") return result;
  auto found = call.transaction.find("SELECT auto_enable_io FROM ec2_volume WHERE id = ?1", {row.id});
  result.auto_enable_io = AttributeBooleanValue{.value = found->integer(0) != 0};
  return result;
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVolumeAttribute.html
// Nothing ever switches off what a volume takes and gives, so that this is told only.
aws::Nothing modify_volume_attribute(Service&, Call& call, const ModifyVolumeAttributeRequest& request) {
  const VolumeRow row = require_volume(call, request.volume_id);
  if (!request.auto_enable_io || !request.auto_enable_io->value) throw_missing("AutoEnableIO");
  end_dry_run(request.dry_run);
  call.transaction.run("UPDATE ec2_volume SET auto_enable_io = ?2 WHERE id = ?1",
                       {row.id, int64_t{*request.auto_enable_io->value}});
  return {};
}

}  // namespace holm::ec2
