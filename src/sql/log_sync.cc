// One sync for the commits that were written while the one before it was under way.

#include "sql/log_sync.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/log.h"
#include "sql/database.h"

namespace holm::sql {

LogSync::LogSync(const std::string& path) : file_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
  if (file_) return;
  throw DatabaseError(fmt::format("The log {} cannot be opened: {}.", path, std::strerror(errno)));
}

uint64_t LogSync::announce() {
  std::lock_guard lock(mutex_);
  return ++announced_;
}

void LogSync::written(uint64_t commit, bool logged) {
  std::lock_guard lock(mutex_);
  // Nothing after all that is durable is durable, too.
  if (!logged && durable_ == written_) durable_ = commit;
  written_ = commit;
  changed_.notify_all();
}

void LogSync::wait_for_all() noexcept {
  uint64_t announced = 0;
  {
    std::lock_guard lock(mutex_);
    announced = announced_;
  }
  wait(announced);
}

bool LogSync::is_all_durable() {
  std::lock_guard lock(mutex_);
  return durable_ >= announced_;
}

std::optional<uint64_t> LogSync::find_quiet() {
  std::lock_guard lock(mutex_);
  if (written_ != announced_) return std::nullopt;
  return announced_;
}

void LogSync::wait(uint64_t commit) noexcept {
  std::unique_lock lock(mutex_);
  while (durable_ < commit) {
    if (is_syncing_ || written_ == durable_) {
      changed_.wait(lock);
    } else {
      sync(lock);
    }
  }
}

void LogSync::sync(std::unique_lock<std::mutex>& lock) {
  is_syncing_ = true;
  const uint64_t covered = written_;
  lock.unlock();
  int result = 0;
  do {
    result = ::fdatasync(file_.get());
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    log::error(fmt::format("The database's log cannot be made durable: {}.", std::strerror(errno)));
  }
  CHECK_FATAL(result == 0);
  lock.lock();
  is_syncing_ = false;
  durable_ = covered;
  changed_.notify_all();
}

}  // namespace holm::sql
