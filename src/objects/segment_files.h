// The files of the commit log: preallocated, filled with zeros so that writing them changes no file's size,
// named by a number that ascends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "objects/disk.h"
#include "objects/log_record.h"

namespace holm::objects {

constexpr uint64_t kSegmentHeadBytes = 64;

std::string segment_name(uint32_t segment);
// The number in a name that segment_name() gave.
std::optional<uint32_t> segment_of(const std::string& name);

// Makes a segment of `bytes` bytes, durable, names too. Full leaves nothing.
Outcome<std::shared_ptr<File>> make_segment(Disk& disk, uint32_t segment, uint64_t bytes);

// Makes a segment of one that is dead, whose file needs no zeros any more: what it says is about its former
// number, so nothing of it is ever taken for a record. After a failure one of the two names may be there.
Outcome<> reuse_segment(Disk& disk, File& file, uint32_t dead, uint32_t segment);

// For the day when the disk is full: a segment, so that removing things can be recorded, and space that is
// given up for a checkpoint, without which no segment can be removed.
constexpr char kReserveName[] = "reserve";
constexpr char kBallastName[] = "ballast";
Outcome<> make_reserve(Disk& disk, const std::string& name, uint64_t bytes);
// Turns the reserve into a segment; Absent when there is none. Needs no space.
Outcome<std::shared_ptr<File>> take_reserve(Disk& disk, uint32_t segment);

// Where a log that is read again has come to.
struct Replay {
  uint64_t next = 1;     // The sequence that comes next.
  uint64_t numbers = 0;  // The most that any record knows of.
};

// Visits the records of a segment from `offset` that continue `replay`, and moves it. Whether there were any.
// What follows the last whole record is what a crash tore, unless a later record proves that it had been
// durable: then Damaged.
Outcome<bool> replay_segment(const File& file, uint32_t segment, uint64_t offset, Replay& replay,
                             const std::function<void(const LogRecord&)>& visit);

// Records of a segment that follow one another, and the bytes that they were read from.
struct SegmentPiece {
  std::string bytes;
  uint64_t begin = 0;                   // Where the bytes stand in the segment.
  std::vector<LogRecord> records = {};  // Views into the bytes.
  uint64_t end = 0;                     // Where the next piece begins.
};
// The whole records in the `bytes` bytes from `at`, or the one there that is larger, up to the first that is none:
// without records, there are no more.
Outcome<std::unique_ptr<SegmentPiece>> read_piece(const File& file, uint32_t segment, uint64_t at,
                                                  uint64_t bytes);

}  // namespace holm::objects
