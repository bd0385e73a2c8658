// The disk below the store: a flat folder of files. Injected, so that tests can lose what was not synced.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "objects/failure.h"

namespace holm::objects {

// An open file; it stays usable when its name is removed. Any thread, writes to one place not at the same
// time.
class File {
 public:
  virtual ~File() = default;
  virtual Outcome<> write_at(uint64_t offset, std::string_view bytes) = 0;
  // Fewer than `count` bytes only at the end.
  virtual Outcome<size_t> read_at(uint64_t offset, char* buffer, size_t count) const = 0;
  // What of the same can be had without waiting for the disk: the first so many of the bytes, often none.
  virtual size_t read_cached(uint64_t offset, char* buffer, size_t count) const = 0;
  // What was written before is durable when this returns. After a failure nothing is known of it, and trying
  // again proves nothing: the kernel may have forgotten that the pages were not written.
  virtual Outcome<> sync() = 0;
  // Lets the disk begin with what a later sync() waits for.
  virtual void start_sync(uint64_t offset, uint64_t bytes) = 0;
  // Gives the space back; it reads as zeros.
  virtual Outcome<> punch(uint64_t offset, uint64_t bytes) = 0;
  virtual Outcome<uint64_t> size() const = 0;
  virtual Outcome<uint64_t> allocated() const = 0;  // Bytes taken of the disk.
};

// Names are plain: no slashes. A made, renamed or removed name is durable after sync_names(). Any thread.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual Outcome<std::shared_ptr<File>> create(const std::string& name) = 0;  // Empty, also if it existed.
  virtual Outcome<std::shared_ptr<File>> open(const std::string& name) = 0;
  virtual Outcome<> rename(const std::string& from, const std::string& to) = 0;
  virtual Outcome<> remove(const std::string& name) = 0;  // What is not there is no error.
  virtual Outcome<> sync_names() = 0;
  virtual Outcome<std::vector<std::string>> list() const = 0;
  virtual uint64_t room() const = 0;  // Bytes that can still be written; about.
};

// A folder of the machine, made with its parents.
Outcome<std::unique_ptr<Disk>> open_disk(const std::string& folder);

// Exactly `count` bytes; Damaged when the file ends before.
Outcome<std::string> read_exactly(const File& file, uint64_t offset, size_t count);

}  // namespace holm::objects
