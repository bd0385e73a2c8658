// What was added since the last flush: a file of records, each with its length and checksum.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace holm::metrics {

inline constexpr size_t kLogRecordMax = 64 << 20;

// Any thread. Who waits for the disk waits for others' records as well: one sync for all.
class Log final {
 public:
  // Makes the file `path`, which must not exist, and its name durable.
  static Result<std::unique_ptr<Log>> create(const std::string& path);
  explicit Log(UniqueFd file) : file_(std::move(file)) {}

  // Keeps `record` in memory; returns the position that sync() is to reach. Nothing when too much waits
  // already because the disk takes nothing.
  std::optional<uint64_t> append(std::string_view record);
  // Throws sql::StorageFull or sql::DatabaseError when the disk does not take it; it can be tried again.
  void sync(uint64_t position);
  // Hands what is in memory to the kernel: the daemon's death does not take it any more.
  Result<void> write();
  // Everything appended so far, also what is not written yet.
  uint64_t bytes() const;
  bool has_unwritten() const;

 private:
  enum class Reach { Kernel, Disk };
  int push(std::unique_lock<std::mutex>& lock, Reach reach);

  UniqueFd file_;
  mutable std::mutex mutex_;
  std::condition_variable pushed_;
  std::string pending_;    // Guarded by mutex_, as all that follow.
  uint64_t appended_ = 0;  // Positions count the bytes of the file.
  uint64_t written_ = 0;
  uint64_t durable_ = 0;
  bool is_pushing_ = false;
};

// Calls `each` with every whole record, up to the first that is not: there a crash cut the file off.
Result<void> read_log(const std::string& path, const std::function<void(std::string_view record)>& each);
// The same for a file's content.
void read_records(std::string_view bytes, const std::function<void(std::string_view record)>& each);

}  // namespace holm::metrics
