// Bodies: immutable bytes, small or large, behind an interface that an object cluster can stand behind too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "objects/failure.h"

namespace holm::objects {

// Given by the store, never given again. It means nothing but to the store.
using BodyId = uint64_t;

// A whole body that no commit has adopted yet; gone with this unless one does. Its bytes are durable, or
// become so with the commit.
class NewBody {
 public:
  virtual ~NewBody() = default;
  virtual BodyId id() const = 0;
  virtual uint64_t bytes() const = 0;
};

// Takes the bytes of one body in order. One thread at a time. After a failure it is of no further use, and
// nothing of it is left.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual Outcome<> write(std::string_view bytes) = 0;
  virtual Outcome<std::unique_ptr<NewBody>> finish() = 0;
};

// The bytes of an adopted body, even when it is forgotten meanwhile. Any thread.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  virtual uint64_t size() const = 0;
  // As many as there are up to `count`. What does not have its checksum any more is never given out: Damaged.
  virtual Outcome<size_t> read_at(uint64_t offset, char* buffer, size_t count) const = 0;
  // For bytes that prove by themselves what they are, as sealed ones do: nothing is checked, and nothing read
  // that is not asked for.
  virtual Outcome<size_t> read_unchecked(uint64_t offset, char* buffer, size_t count) const = 0;
  // What of that can be had without waiting for the disk: the first so many of the bytes, often none.
  virtual size_t read_cached(uint64_t offset, char* buffer, size_t count) const = 0;
  // All of its bytes, checked. It gives away what it has in memory: nothing else is asked of it afterwards.
  virtual Outcome<std::string> take() = 0;
};

// Any thread. Bodies are made visible and removed by commits (metadata.h) and by nothing else.
class Bodies {
 public:
  virtual ~Bodies() = default;
  virtual Outcome<std::unique_ptr<BodyWriter>> write_body() = 0;
  // Absent when no commit has adopted it, or one has forgotten it.
  virtual Outcome<std::unique_ptr<BodyReader>> open_body(BodyId id) = 0;
};

}  // namespace holm::objects
