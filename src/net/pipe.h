// Pipe: bytes on their way from one socket to another without ever being copied out of the kernel.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/unique_fd.h"

namespace holm::net {

// Used on the thread that it was taken on, by Stream::read_some and Stream::write_some. Empty ones are kept for
// the next taker; one that is given up with bytes in it is closed.
class Pipe final {
 public:
  // None: there are as many on this thread as there may be, or the process has too many files.
  static std::optional<Pipe> take();
  Pipe(Pipe&& other) noexcept = default;
  Pipe& operator=(Pipe&&) = delete;
  ~Pipe();

  // What is in it.
  size_t bytes() const { return bytes_; }

 private:
  friend class Stream;
  struct Ends;
  struct Kept;
  static std::optional<Ends> make();
  explicit Pipe(std::shared_ptr<Kept> kept) : kept_(std::move(kept)) {}

  std::shared_ptr<Kept> kept_;
  UniqueFd reading_;
  UniqueFd writing_;
  size_t bytes_ = 0;
};

}  // namespace holm::net
