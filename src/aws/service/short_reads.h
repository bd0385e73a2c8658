// Operations that are done before a worker would have begun.
#pragma once

namespace holm::aws {

struct Operation;

// Beside ServiceBase, for services that have some. Any thread.
class ShortReads {
 public:
  virtual ~ShortReads() = default;
  // Whether an operation, which is of Mode::Read, finds its few rows by their keys, so that a reactor's thread
  // may run it.
  virtual bool is_short(const Operation& operation) const = 0;
};

}  // namespace holm::aws
