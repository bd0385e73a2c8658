// Making and removing the sandboxes of execution environments: what blocks.
#pragma once

#include <string>

#include "base/result.h"
#include "services/lambda/environment.h"

namespace holm::lambda {

struct Dependencies;

// Any thread; calls block. Each environment has a folder for its pipes and runtime.
class Sandboxes final {
 public:
  explicit Sandboxes(Dependencies& use) : use_(use) {}

  // Makes the folder of an environment and returns the end of its output that is to be read.
  Result<UniqueFd> prepare(const std::string& id, const Target& target) const;

  struct Made {
    Sockets sockets;
    UniqueFd ready;  // Writing a line lets the runtime begin.
  };
  // Starts the sandbox; its runtime waits until it is let begin. A failure has AWS's words.
  Result<Made> make(const std::string& id, const std::string& log_stream, const Target& target) const;
  void remove(const std::string& id) const;
  // Those that an earlier daemon left.
  void remove_all() const;

 private:
  std::string folder(const std::string& id) const;
  Result<std::vector<std::string>> environment_of(const Target& target, const std::string& log_stream) const;

  Dependencies& use_;
};

}  // namespace holm::lambda
