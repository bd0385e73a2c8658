// A job an image: takes its instance down if that was asked for, has its volumes' snapshots taken, and starts
// the instance again.

#include "services/ec2/image_controller.h"

#include <fmt/format.h>

#include <algorithm>

#include "aws/service/region.h"
#include "services/ec2/images.h"
#include "services/ec2/instances.h"
#include "services/ec2/service.h"
#include "services/ec2/snapshots.h"

namespace holm::ec2 {

namespace {

constexpr char kJob[] = "ec2.image";

}  // namespace

void schedule_image(jobs::Jobs& jobs, sql::Transaction& transaction, const std::string& id, Time now) {
  jobs.schedule(transaction, {.kind = kJob, .key = id}, now);
}

bool is_being_imaged(sql::Transaction& transaction, const std::string& instance) {
  return transaction
      .find("SELECT 1 FROM ec2_image WHERE instance = ?1 AND state = 'pending' AND reboots = 1", {instance})
      .has_value();
}

ImageController::ImageController(Dependencies& use, Instances& instances, Snapshots& snapshots)
    : use_(use), instances_(instances), snapshots_(snapshots) {}

void ImageController::start() {
  use_.jobs.handle(kJob, [this](const jobs::Job& job) { return run(job); });
}

jobs::Outcome ImageController::run(const jobs::Job& job) {
  std::vector<ImageRow> rows;
  bool is_held = false;
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read, [&](aws::Call& call) {
    rows = images_where(call.transaction, "id = ?1 AND state = 'pending'", {job.key});
    is_held = !snapshots_where(call.transaction, "image = ?1 AND is_held = 1", {job.key}).empty();
  });
  if (rows.empty()) return jobs::done();
  if (is_held) {
    take_snapshots(rows.front());
    return jobs::done();
  }
  const ImageRow& row = rows.front();
  const aws::Caller owner = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(owner, sql::Access::Write, [&](aws::Call& call) { settle(call, row); });
  return jobs::done();
}

void ImageController::take_snapshots(const ImageRow& row) {
  if (row.reboots && row.instance) instances_.take_down(*row.instance);
  const aws::Caller caller = use_.region.caller(row.account, row.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    call.transaction.run("UPDATE ec2_snapshot SET is_held = 0 WHERE image = ?1", {row.id});
    for (const SnapshotRow& snapshot : snapshots_where(call.transaction, "image = ?1", {row.id})) {
      snapshots_.schedule(call.transaction, snapshot);
    }
  });
}

void ImageController::settle(aws::Call& call, const ImageRow& row) {
  const auto snapshots = snapshots_where(call.transaction, "image = ?1", {row.id});
  const auto is_pending = [](const SnapshotRow& each) { return each.state == "pending"; };
  if (std::ranges::any_of(snapshots, is_pending)) return;
  const auto failed =
      std::ranges::find_if(snapshots, [](const SnapshotRow& each) { return each.state != "completed"; });
  const bool is_made = failed == snapshots.end();
  const std::string reason =
      is_made ? ""
              : fmt::format("Client.InternalError: {}: {}", failed->id, failed->message.value_or("deleted"));
  call.transaction.run(
      "UPDATE ec2_image SET state = ?2, reason = ?3, reboots = 0 WHERE id = ?1",
      {row.id, is_made ? "available" : "failed", is_made ? sql::Value() : sql::Value(reason)});
  if (row.reboots && row.instance) instances_.schedule(call.transaction, *row.instance);
}

}  // namespace holm::ec2
