// Two passes: one beside the writer, one that it waits for.

#include "sql/checkpointer.h"

#include <chrono>
#include <future>

#include "sql/connection.h"

namespace holm::sql {

namespace {

// Little at a time, so that the disk is never busy with it for long.
constexpr int kPagesBetween = 500;
// From here on the log begins anew. It has room for more, which is kept for it on the disk (sqlite.cc).
constexpr int kLogPagesMax = 3500;
// Writers wait as long for readers of what was before.
constexpr std::chrono::milliseconds kPatience(3);

}  // namespace

Checkpointer::Checkpointer(std::string path, Alone alone)
    : path_(std::move(path)), alone_(std::move(alone)), thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Checkpointer::look(int pages) {
  std::lock_guard lock(mutex_);
  if (pages < pages_) folded_ = 0;  // It has begun anew.
  pages_ = pages;
  if (is_due_ || pages - folded_ < kPagesBetween) return;
  is_due_ = true;
  changed_.notify_one();
}

void Checkpointer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_due_ || is_stopping_; });
    if (is_stopping_) return;
    const int seen = pages_;
    lock.unlock();
    // What cannot be folded now stays in the log, where it is as durable. Who reads an old state keeps the
    // log from beginning anew: then that is tried again the next time.
    std::packaged_task<void()> task([this, seen] { fold(seen >= kLogPagesMax); });
    std::future<void> done = task.get_future();
    task();
    done.wait();
    lock.lock();
    folded_ = pages_ < seen ? 0 : seen;
    is_due_ = false;
  }
}

void Checkpointer::fold(bool begins_anew) {
  if (connection_ == nullptr) {
    connection_ = std::make_unique<Connection>(path_, Access::Write, Durability::Full);
    connection_->set_patience(kPatience);
  }
  connection_->fold_log(Connection::Fold::Beside);
  if (!begins_anew) return;
  alone_([this] { connection_->fold_log(Connection::Fold::Whole); });
}

}  // namespace holm::sql
