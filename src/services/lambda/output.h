// What a function writes to its standard output and error, line by line.
#pragma once

#include <functional>
#include <string>

#include "async/reactor.h"
#include "base/unique_fd.h"

namespace holm::lambda {

// Lives on the reactor's thread.
class Output final : public async::FdHandler {
 public:
  // `pipe` is non-blocking. `line` gets each line without its end.
  Output(async::Reactor& reactor, UniqueFd pipe, std::function<void(std::string)> line);

  // Reads what has been written so far; a line without an end counts.
  void drain();

 private:
  void on_events(async::Events events) override;
  void read();

  UniqueFd pipe_;
  std::function<void(std::string)> line_;
  std::string partial_;
  async::Watch watch_;
};

}  // namespace holm::lambda
