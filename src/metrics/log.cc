// Appending to a file, and syncing it once for all who wait.

#include "metrics/log.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/files.h"
#include "crypto/crc.h"
#include "sql/database.h"

namespace holm::metrics {

namespace {

constexpr size_t kHeadBytes = 8;
constexpr size_t kPendingMax = 64 << 20;

void put_number(std::string& bytes, uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(number >> shift & 0xFF);
}

uint32_t number_at(std::string_view bytes, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number |= uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  return number;
}

std::string sentence(int reason) {
  return fmt::format("the log of metrics cannot be written: {}", std::strerror(reason));
}

[[noreturn]] void throw_failed(int reason) {
  const std::string message = sentence(reason);
  if (reason == ENOSPC || reason == EDQUOT) throw sql::StorageFull(message);
  throw sql::DatabaseError(message);
}

// 0, or the reason.
int write_at(int file, std::string_view bytes, uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno;
    bytes.remove_prefix(static_cast<size_t>(done));
    at += static_cast<uint64_t>(done);
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<Log>> Log::create(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return failure(fmt::format("{}: {}", path, std::strerror(errno)));
  if (auto synced = sync_folder(path.substr(0, path.rfind('/'))); !synced) {
    return std::unexpected(synced.error());
  }
  return std::make_unique<Log>(std::move(file));
}

std::optional<uint64_t> Log::append(std::string_view record) {
  CHECK(record.size() <= kLogRecordMax);
  std::lock_guard lock(mutex_);
  if (pending_.size() > kPendingMax) return std::nullopt;
  put_number(pending_, static_cast<uint32_t>(record.size()));
  put_number(pending_, crypto::crc32c(record));
  pending_ += record;
  appended_ += kHeadBytes + record.size();
  return appended_;
}

// Writes what is pending at the place where it belongs, so that a failed attempt is simply made again. 0, or
// the reason.
int Log::push(std::unique_lock<std::mutex>& lock, Reach reach) {
  is_pushing_ = true;
  std::string batch = std::move(pending_);
  pending_.clear();
  const uint64_t from = written_;
  const uint64_t to = from + batch.size();
  lock.unlock();
  int reason = write_at(file_.get(), batch, from);
  if (reason == 0 && reach == Reach::Disk && ::fdatasync(file_.get()) != 0) reason = errno;
  lock.lock();
  is_pushing_ = false;
  if (reason == 0) {
    written_ = to;
    if (reach == Reach::Disk) durable_ = to;
  } else {
    pending_.insert(0, batch);
  }
  pushed_.notify_all();
  return reason;
}

void Log::sync(uint64_t position) {
  std::unique_lock lock(mutex_);
  while (durable_ < position) {
    if (is_pushing_) pushed_.wait(lock);
    else if (int reason = push(lock, Reach::Disk); reason != 0) throw_failed(reason);
  }
}

Result<void> Log::write() {
  std::unique_lock lock(mutex_);
  pushed_.wait(lock, [this] { return !is_pushing_; });
  const int reason = pending_.empty() ? 0 : push(lock, Reach::Kernel);
  if (reason != 0) return failure(sentence(reason));
  return {};
}

uint64_t Log::bytes() const {
  std::lock_guard lock(mutex_);
  return appended_;
}

bool Log::has_unwritten() const {
  std::lock_guard lock(mutex_);
  return !pending_.empty();
}

void read_records(std::string_view bytes, const std::function<void(std::string_view record)>& each) {
  while (bytes.size() >= kHeadBytes) {
    const uint32_t size = number_at(bytes, 0);
    if (size > kLogRecordMax || size > bytes.size() - kHeadBytes) return;
    const std::string_view record = bytes.substr(kHeadBytes, size);
    if (crypto::crc32c(record) != number_at(bytes, 4)) return;
    each(record);
    bytes.remove_prefix(kHeadBytes + size);
  }
}

Result<void> read_log(const std::string& path, const std::function<void(std::string_view record)>& each) {
  auto bytes = read_file(path);
  if (!bytes) return std::unexpected(bytes.error());
  read_records(*bytes, each);
  return {};
}

}  // namespace holm::metrics
