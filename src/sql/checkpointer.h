// Folds SQLite's write-ahead log into the database file beside the writer, whose commits do not wait for it.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace holm::sql {

class Connection;

// Has a thread of its own. Most of the log is folded while others write; then they wait for what came
// meanwhile, so that the log begins anew and does not grow for ever.
class Checkpointer {
 public:
  // `alone` runs a function while nobody has the writer. It is called on the thread.
  using Alone = std::function<void(const std::function<void()>&)>;
  Checkpointer(std::string path, Alone alone);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // By whoever has the writer, after each commit: how long the log is.
  void look(int pages);

 private:
  void run();
  void fold(bool begins_anew);

  const std::string path_;
  const Alone alone_;
  std::unique_ptr<Connection> connection_;  // The thread's alone.
  std::mutex mutex_;                        // Guards what follows.
  std::condition_variable changed_;
  int pages_ = 0;
  int folded_ = 0;  // Pages that need not be looked at again.
  bool is_due_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace holm::sql
