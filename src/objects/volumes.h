// Volumes: files that hold the extents of large bodies. Extents are written once; what is freed goes back to
// the file system as a hole, and a volume without extents is removed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "objects/bodies.h"
#include "objects/disk.h"

namespace holm::objects {

constexpr uint64_t kBodyBlockBytes = 64 * 1024;  // Each has a checksum.
constexpr uint64_t kExtentAlignment = 4096;

// A piece of a volume.
struct Extent {
  uint32_t volume = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;  // Used; it takes a multiple of kExtentAlignment.

  bool operator==(const Extent&) const = default;
};

// Where a large body lies: its bytes are those of the extents in order.
struct Layout {
  uint64_t bytes = 0;
  std::vector<Extent> extents = {};
  std::vector<uint32_t> crcs = {};  // One a block of kBodyBlockBytes.

  bool operator==(const Layout&) const = default;
};

std::string encode_layout(const Layout& layout);
std::optional<Layout> read_layout(std::string_view bytes);

struct VolumeOptions {
  uint64_t volume_bytes = uint64_t{1} << 30;
  uint64_t extent_bytes = uint64_t{4} << 20;
};

// Belongs to the engine. Any thread.
class Volumes final {
 public:
  Volumes(Disk& disk, VolumeOptions options) : disk_(disk), options_(options) {}

  static std::optional<uint32_t> volume_of(const std::string& file_name);

  // At the start: takes over what the bodies at `layouts` lie in, removes all other volumes and frees what a
  // crash left between extents. What is missing is said when it is read.
  Outcome<> open(const std::vector<std::string>& file_names, const std::vector<Layout>& layouts);

  // Room for up to extent_bytes bytes, at the end of the current volume.
  Outcome<Extent> allocate();
  // Says how much of an extent is used; the rest can be given to another body.
  void settle(const Extent& allocated, uint64_t used);
  Outcome<std::shared_ptr<File>> file(uint32_t volume);
  // No more extents are given of a volume whose file cannot be synced.
  void abandon(uint32_t volume);

  // Readers hold a body while they read; its extents are freed after the last of them.
  void pin(BodyId body);
  void unpin(BodyId body);
  // Nobody refers to the body any more, durably.
  void forget(BodyId body, std::vector<Extent> extents);
  void free(std::vector<Extent> extents);

  // Gives freed space back to the disk; whether there was any. Blocks.
  Outcome<bool> reclaim();
  uint64_t live_bytes() const;

 private:
  struct Volume {
    std::shared_ptr<File> file;
    uint64_t live_bytes = 0;
  };
  struct Pins {
    int count = 0;
    std::vector<Extent> condemned;
  };

  static std::string name_of(uint32_t volume);
  Outcome<> begin_volume();

  Disk& disk_;
  const VolumeOptions options_;
  mutable std::mutex mutex_;
  std::map<uint32_t, Volume> volumes_;  // Guarded by mutex_, as what follows.
  std::map<BodyId, Pins> pins_;
  std::vector<Extent> freed_;
  uint32_t next_ = 1;
  uint32_t current_ = 0;  // 0: none.
  uint64_t cursor_ = 0;
};

}  // namespace holm::objects
