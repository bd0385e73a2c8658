// Images of root file systems that somebody packed: a tar archive in S3, compressed or not.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-store-restore.html

#include <fmt/format.h>

#include "aws/service/attempt.h"
#include "aws/service/region.h"
#include "ec2/handlers.h"
#include "s3/operations.h"
#include "services/ec2/image_restorer.h"
#include "services/ec2/images.h"
#include "services/ec2/service.h"
#include "services/ec2/snapshots.h"
#include "services/ec2/volumes.h"

namespace holm::ec2 {

namespace {

// Whoever asks has to see the object.
void require_object(Call& call, const CreateRestoreImageTaskRequest& request) {
  const std::function<void()> look = [&] {
    s3::HeadObjectRequest head{.bucket = request.bucket, .key = request.object_key};
    (void)call.client.call<s3::HeadObject>(call, call.principal, head);
  };
  if (const auto problem = aws::attempt(look)) {
    throw_invalid(fmt::format("The object {} in bucket {} cannot be read: {}", request.object_key,
                              request.bucket, *problem));
  }
}

// An archive has no name of an image in it, so its own name is taken, without what its format is called.
std::string name_of(const CreateRestoreImageTaskRequest& request) {
  if (request.name) return *request.name;
  const std::string file = request.object_key.substr(request.object_key.rfind('/') + 1);
  for (const char* ending : {".tar", ".tgz", ".bin"}) {
    if (const size_t at = file.rfind(ending); at != std::string::npos) return file.substr(0, at);
  }
  return file;
}

}  // namespace

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRestoreImageTask.html
CreateRestoreImageTaskResult create_restore_image_task(Service& service, Call& call,
                                                       const CreateRestoreImageTaskRequest& request) {
  const ImageRow image{.account = call.account,
                       .region = call.region,
                       .id = new_id(service.random(), "ami"),
                       .name = name_of(request),
                       .state = "pending",
                       .created = to_milliseconds(call.now)};
  check_image_name(call, image.name);
  require_object(call, request);
  const std::vector<Tag> image_tags = tags_for_image(request.tag_specifications, "image");
  const std::vector<Tag> snapshot_tags = tags_for_image(request.tag_specifications, "snapshot");
  end_dry_run(request.dry_run);
  const SnapshotRow snapshot{
      .account = call.account,
      .region = call.region,
      .id = new_id(service.random(), "snap"),
      .volume = kNoVolume,
      .gib = machine_gib(service.use().data_directory),
      .holds_root = true,
      .is_whole = true,
      .image = image.id,
      .description = fmt::format("Restored for {} from {}/{}", image.id, request.bucket, request.object_key),
      .state = "pending",
      .started = to_milliseconds(call.now)};
  insert_snapshot(call, snapshot);
  write_tags(call, snapshot.id, "snapshot", snapshot_tags);
  insert_image(call, image, {{.device = kRootDevice, .snapshot = snapshot.id, .type = "gp3"}});
  write_tags(call, image.id, "image", image_tags);
  schedule_restoration(
      call, service.use().jobs,
      {.image = image.id, .snapshot = snapshot.id, .bucket = request.bucket, .key = request.object_key});
  return {.image_id = image.id};
}

}  // namespace holm::ec2
