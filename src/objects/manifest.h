// The manifest: what belongs to the store as of its last checkpoint.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "objects/disk.h"

namespace holm::objects {

struct Manifest {
  uint64_t checkpoint = 0;                       // Runs hold every commit up to this one.
  uint32_t replay_segment = 0;                   // Where the commits after it begin …
  uint64_t replay_offset = 0;                    // … and at which byte of it; 0: at its first record.
  uint64_t next_file = 1;                        // Numbers of runs.
  uint64_t numbers = 0;                          // Taken so far.
  std::vector<uint64_t> runs = {};               // Newest first.
  std::map<uint32_t, uint64_t> live_bytes = {};  // Of small bodies by segment, as of the checkpoint.

  bool operator==(const Manifest&) const = default;
};

// Absent when there is none: the store is new.
Outcome<Manifest> read_manifest(Disk& disk);
// Replaces it: after a crash there is the old one or the new one. Makes all names durable.
Outcome<> write_manifest(Disk& disk, const Manifest& manifest);

}  // namespace holm::objects
