// Large byte objects on disk, written once, named by the store, never by the caller.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::blobs {

// A blob being written: a nameless file until `finish`, gone when dropped before. One thread at a time.
// A failed write() or finish() leaves nothing; the writer is then of no further use.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Result<void> write(std::string_view bytes) = 0;
  // Syncs content and folder, so that the id may be put into a transaction; then the blob is durable.
  virtual Result<std::string> finish() = 0;
};

// An open blob. It stays readable even when it is removed meanwhile.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual uint64_t size() const = 0;
  // Up to `count` bytes from `offset` into `buffer`; 0 at the end. Any thread.
  virtual Result<size_t> read_at(uint64_t offset, char* buffer, size_t count) const = 0;
  // For bytes that prove by themselves what they are: the store checks nothing.
  virtual Result<size_t> read_unchecked(uint64_t offset, char* buffer, size_t count) const = 0;
  // What of that can be had without waiting for the disk: the first so many of the bytes, often none.
  virtual size_t read_cached(uint64_t offset, char* buffer, size_t count) const = 0;
};

// Ids are opaque: up to 32 of [0-9a-f]. Any thread.
class Store {
 public:
  virtual ~Store() = default;
  virtual Result<std::unique_ptr<Writer>> create() = 0;
  virtual Result<std::unique_ptr<Reader>> open(const std::string& id) = 0;
  // Removing what is not there is no error. Call it only after the transaction that forgot the id committed.
  virtual void remove(const std::string& id) = 0;
  // Every id on disk, for the sweep that removes what a crash left unreferenced.
  virtual std::vector<std::string> list() const = 0;
  // False when the disk is so full that nothing should be added.
  virtual bool has_room() const = 0;
};

std::unique_ptr<Store> open_disk_store(const std::string& folder);

}  // namespace holm::blobs
