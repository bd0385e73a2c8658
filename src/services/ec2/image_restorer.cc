// A job an image: reads the archive from S3, has it unpacked in a sandbox, and settles the image's snapshot.

#include "services/ec2/image_restorer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "async/byte_source.h"
#include "async/sync_wait.h"
#include "aws/service/attempt.h"
#include "aws/service/region.h"
#include "aws/service/root_principal.h"
#include "base/files.h"
#include "base/trees.h"
#include "s3/operations.h"
#include "sandbox/exits.h"
#include "sandbox/unpack.h"
#include "services/ec2/image_controller.h"
#include "services/ec2/images.h"
#include "services/ec2/service.h"
#include "services/ec2/snapshots.h"

namespace holm::ec2 {

namespace {

namespace fs = std::filesystem;

constexpr char kJob[] = "ec2.image-restoration";
constexpr char kSandboxPrefix[] = "ami-";
constexpr int kAttemptsMax = 4;
constexpr uint64_t kRootBytesMax = uint64_t{64} << 30;

std::optional<ImageRestoration> find_restoration(sql::Transaction& transaction, const std::string& image) {
  auto row = transaction.find(
      "SELECT i.account, i.region, r.image, r.snapshot, r.bucket, r.key FROM ec2_image_restoration r"
      " JOIN ec2_image i ON i.id = r.image WHERE r.image = ?1",
      {image});
  if (!row) return std::nullopt;
  return ImageRestoration{row->text(0), row->text(1), row->text(2), row->text(3), row->text(4), row->text(5)};
}

// Whatever the archive holds, the machine keeps half of what is free now.
uint64_t root_bytes_max(const std::string& folder) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  return error ? kRootBytesMax : std::min<uint64_t>(kRootBytesMax, space.available / 2);
}

// Reads a body from a thread that may wait. It is let go of on the reactor that it belongs to.
class BodyReader final {
 public:
  BodyReader(async::Reactor& reactor, std::shared_ptr<async::ByteSource> body)
      : reactor_(reactor), body_(std::move(body)) {}
  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;
  ~BodyReader() { async::sync_wait(reactor_, drop(std::move(body_))); }

  std::string_view read() { return body_ ? async::sync_wait(reactor_, body_->read()) : std::string_view(); }

 private:
  static async::Task<void> drop(std::shared_ptr<async::ByteSource>) { co_return; }

  async::Reactor& reactor_;
  std::shared_ptr<async::ByteSource> body_;
};

// Something that programs can run in: containers saved with their layers, and folders in an archive, are not.
Result<void> require_root(const std::string& root) {
  std::error_code error;
  for (const char* folder : {"/usr", "/etc"}) {
    if (fs::is_directory(fs::symlink_status(root + folder, error))) continue;
    return failure(fmt::format("the archive holds no root file system: there is no {} in it", folder));
  }
  return {};
}

}  // namespace

void schedule_restoration(Call& call, jobs::Jobs& jobs, const ImageRestoration& what) {
  call.transaction.run(
      "INSERT INTO ec2_image_restoration (image, snapshot, bucket, key) VALUES (?1, ?2, ?3, ?4)",
      {what.image, what.snapshot, what.bucket, what.key});
  jobs.schedule(call.transaction, {.kind = kJob, .key = what.image}, call.now);
}

ImageRestorer::ImageRestorer(Dependencies& use) : use_(use) {}

void ImageRestorer::start() {
  use_.jobs.handle(kJob, [this](const jobs::Job& job) { return run(job); });
  // Whoever has a sandbox of them waits for it; ends that nobody hears would be kept.
  use_.exits.subscribe(kSandboxPrefix, [](const std::string&, const sandbox::ExitStatus&) {});
}

jobs::Outcome ImageRestorer::run(const jobs::Job& job) {
  std::optional<ImageRestoration> what;
  const aws::Caller caller = use_.region.caller("", "", "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Read,
                       [&](aws::Call& call) { what = find_restoration(call.transaction, job.key); });
  if (!what) return jobs::done();
  // What is thrown ends this attempt only: S3 may be at fault for a while.
  Result<void> outcome = failure("the object could not be read");
  if (job.attempt <= kAttemptsMax) outcome = restore(*what);
  finish(*what, outcome);
  return jobs::done();
}

Result<void> ImageRestorer::restore(const ImageRestoration& what) {
  const std::string path = snapshot_path(use_.data_directory, what.snapshot);
  std::error_code error;
  if (fs::exists(path, error)) return {};
  // As Snapshots::remove_strays() expects it: no snapshot has that name.
  const std::string half = path + ".new";
  fs::remove_all(half, error);
  auto done = make_directories(half + "/root", 0755);
  if (done) done = unpack(what, half + "/root");
  if (done) done = require_root(half + "/root");
  if (done) done = rename_tree_durably(half, path);
  if (!done) fs::remove_all(half, error);
  return done;
}

Result<void> ImageRestorer::unpack(const ImageRestoration& what, const std::string& folder) {
  // As the account, whose right to the object was looked at when it was named.
  aws::Caller caller = use_.region.caller(what.account, what.region, "ec2.amazonaws.com");
  caller.principal = aws::root_principal(what.account);
  async::Reactor& reactor = use_.region.any_reactor();
  std::optional<BodyReader> reader;
  const std::function<void()> open = [&] {
    s3::GetObjectRequest request{.bucket = what.bucket, .key = what.key};
    auto object = async::sync_wait(
        reactor, use_.region.call_waiting<s3::GetObject>(reactor, std::move(caller), std::move(request)));
    reader.emplace(reactor, std::move(object.body));
  };
  if (const auto problem = aws::attempt(open)) return failure(*problem);
  return sandbox::unpack_archive(
      use_.runtime, what.image, [&] { return reader->read(); }, folder, root_bytes_max(folder));
}

void ImageRestorer::finish(const ImageRestoration& what, const Result<void>& outcome) {
  const aws::Caller caller = use_.region.caller(what.account, what.region, "ec2.amazonaws.com");
  use_.region.transact(caller, sql::Access::Write, [&](aws::Call& call) {
    call.transaction.run("DELETE FROM ec2_image_restoration WHERE image = ?1", {what.image});
    call.transaction.run(
        "UPDATE ec2_snapshot SET state = ?2, message = ?3, completed = ?4 WHERE id = ?1 AND state = "
        "'pending'",
        {what.snapshot, outcome ? "completed" : "error",
         outcome ? sql::Value() : sql::Value(outcome.error().message), to_milliseconds(use_.clock.now())});
    schedule_image(use_.jobs, call.transaction, what.image, use_.clock.now());
    forget_unused_snapshots(call, use_.data_directory);
    if (!snapshots_where(call.transaction, "id = ?1", {what.snapshot}).empty()) return;
    // The image was deregistered meanwhile.
    call.after_commit([path = snapshot_path(use_.data_directory, what.snapshot)] {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    });
  });
}

}  // namespace holm::ec2
