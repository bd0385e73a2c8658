// Archives: storage classes whose objects have to be restored before their bytes can be read.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "s3/types.h"

namespace holm::aws {
class Region;
}
namespace holm::jobs {
struct Job;
struct Outcome;
}  // namespace holm::jobs

namespace holm::s3 {

class Service;
struct VersionRow;

// The copy of an archived version that can be read for a while.
struct Restoration {
  int32_t days = 0;           // For how long it is asked for while it is being made, -1 for good; else 0.
  std::optional<Time> until;  // The end of the one that was made last, which may be over.

  bool is_there(Time now) const { return until && *until > now; }
};
// As it is kept in columns: 0 for no time.
Restoration restoration_from(int64_t days, int64_t until);

bool is_archive(std::string_view storage_class);
// In one of those, or in a tier of archives.
bool is_archived(const VersionRow& row);

// InvalidObjectState while the bytes are in an archive only; `message` says of what that is in the way.
void require_readable(const VersionRow& row, Time now, const char* message);

// The header x-amz-restore, and what lists tell; nothing of what nobody had restored.
std::optional<std::string> restore_header(const Restoration& restoration, Time now);
std::optional<RestoreStatus> restore_status(const Restoration& restoration, Time now);

// The kind of the job of one version, which makes the copy and takes it away when its time is over.
inline constexpr char kRestoreJob[] = "s3.restore";
jobs::Job restore_job(const std::string& bucket, const VersionRow& row);
jobs::Outcome restore(Service& service, aws::Region& region, const jobs::Job& job, Time now);

}  // namespace holm::s3
