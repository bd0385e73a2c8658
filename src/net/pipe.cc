// A thread's pipes are few, so that what clients download slowly does not use up the process's files.

#include "net/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <vector>

namespace holm::net {

namespace {

constexpr size_t kPipesMax = 128;
// Beyond the kernel's own 64 KiB, if it lets us: long bodies take fewer calls.
constexpr int kPipeBytes = 256 * 1024;

}  // namespace

struct Pipe::Ends {
  UniqueFd reading;
  UniqueFd writing;
};

// Of one thread; lives as long as one of its pipes, which may be longer than the thread.
struct Pipe::Kept {
  std::vector<Ends> empty;
  size_t taken = 0;
};

std::optional<Pipe::Ends> Pipe::make() {
  // No flag of splice() keeps a client that has left from ending the process.
  static const bool ignores_signal = std::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
  std::array<int, 2> ends{};
  if (!ignores_signal || ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
  ::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);
  return Ends{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::optional<Pipe> Pipe::take() {
  thread_local const std::shared_ptr<Kept> kept = std::make_shared<Kept>();
  if (kept->taken >= kPipesMax) return std::nullopt;
  if (kept->empty.empty()) {
    std::optional<Ends> made = make();
    if (!made) return std::nullopt;
    kept->empty.push_back(std::move(*made));
  }
  Pipe pipe(kept);
  pipe.reading_ = std::move(kept->empty.back().reading);
  pipe.writing_ = std::move(kept->empty.back().writing);
  kept->empty.pop_back();
  ++kept->taken;
  return pipe;
}

Pipe::~Pipe() {
  if (!kept_) return;
  --kept_->taken;
  if (bytes_ == 0) kept_->empty.push_back({std::move(reading_), std::move(writing_)});
}

}  // namespace holm::net
