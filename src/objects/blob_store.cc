// Blobs as bodies. An id is the body's number in hexadecimal digits, half as many as the ids of files have.

#include "objects/blob_store.h"

#include <fmt/format.h>

#include <charconv>

#include "base/log.h"
#include "objects/coding.h"

namespace holm::objects {

namespace {

constexpr size_t kIdLength = 16;
constexpr size_t kPage = 1000;
constexpr char kPrefix[] = "blob/";  // A record each, so that blobs can be listed.
constexpr char kPrefixEnd[] = "blob0";

std::string id_of(BodyId body) { return fmt::format("{:016x}", body); }

std::optional<BodyId> body_of(std::string_view id) {
  BodyId body = 0;
  if (id.size() != kIdLength) return std::nullopt;
  const auto read = std::from_chars(id.data(), id.data() + id.size(), body, 16);
  if (read.ec != std::errc() || id_of(body) != id) return std::nullopt;
  return body;
}

std::string words(const Failure& failure) {
  return failure.message + (failure.fault == Fault::Full ? " The disk is full." : "");
}

class EngineWriter final : public blobs::Writer {
 public:
  EngineWriter(Metadata& metadata, std::unique_ptr<BodyWriter> writer)
      : metadata_(metadata), writer_(std::move(writer)) {}

  Result<void> write(std::string_view bytes) override {
    if (auto written = writer_->write(bytes); !written) return failure(words(written.error()));
    return {};
  }

  Result<std::string> finish() override {
    auto body = writer_->finish();
    if (!body) return failure(words(body.error()));
    std::string id = blob_id_of(**body);
    Batch batch;
    batch.changes.push_back(blob_record_of(id));
    batch.adopted.push_back(std::move(*body));
    const CommitResult done = commit_and_wait(metadata_, std::move(batch));
    if (done) return id;
    return failure(done.error().message +
                   (done.error().refusal == Refusal::Full ? " The disk is full." : ""));
  }

 private:
  Metadata& metadata_;
  std::unique_ptr<BodyWriter> writer_;
};

class EngineReader final : public blobs::Reader {
 public:
  explicit EngineReader(std::unique_ptr<BodyReader> reader) : reader_(std::move(reader)) {}
  uint64_t size() const override { return reader_->size(); }
  Result<size_t> read_at(uint64_t offset, char* buffer, size_t count) const override {
    auto got = reader_->read_at(offset, buffer, count);
    if (!got) return failure(words(got.error()));
    return *got;
  }

  Result<size_t> read_unchecked(uint64_t offset, char* buffer, size_t count) const override {
    auto got = reader_->read_unchecked(offset, buffer, count);
    if (!got) return failure(words(got.error()));
    return *got;
  }
  size_t read_cached(uint64_t offset, char* buffer, size_t count) const override {
    return reader_->read_cached(offset, buffer, count);
  }

 private:
  std::unique_ptr<BodyReader> reader_;
};

class EngineBlobs final : public blobs::Store {
 public:
  EngineBlobs(objects::Store& store, std::unique_ptr<blobs::Store> earlier)
      : store_(store),
        metadata_(store.metadata()),
        bodies_(store.bodies()),
        earlier_(std::move(earlier)) {}

  bool has_room() const override { return store_.has_room(); }

  Result<std::unique_ptr<blobs::Writer>> create() override {
    auto writer = bodies_.write_body();
    if (!writer) return failure(words(writer.error()));
    return std::make_unique<EngineWriter>(metadata_, std::move(*writer));
  }

  Result<std::unique_ptr<blobs::Reader>> open(const std::string& id) override {
    const auto body = body_of(id);
    if (!body && earlier_) return earlier_->open(id);
    if (!body) return failure(fmt::format("\"{}\" is no blob's id.", id));
    auto reader = bodies_.open_body(*body);
    if (!reader) return failure(words(reader.error()));
    return std::make_unique<EngineReader>(std::move(*reader));
  }

  // Nobody waits for it: what a crash keeps of it is swept like anything that nobody refers to.
  void remove(const std::string& id) override {
    const auto body = body_of(id);
    if (!body && earlier_) earlier_->remove(id);
    if (!body) return;
    Batch batch{.changes = {{kPrefix + id, std::nullopt}}, .forgotten = {*body}};
    metadata_.commit(std::move(batch), [id](const CommitResult& done) {
      if (!done) log::error(fmt::format("Cannot remove blob {}: {}", id, done.error().message));
    });
  }

  std::vector<std::string> list() const override {
    std::vector<std::string> ids;
    if (earlier_) ids = earlier_->list();
    // Commits are in order: after this one, all removals that were asked for have happened.
    static_cast<void>(commit_and_wait(metadata_, Batch()));
    std::string from = kPrefix;
    while (true) {
      auto page = metadata_.scan({.from = from, .end = kPrefixEnd}, kPage);
      if (!page) {
        log::error("Cannot list the blobs. " + words(page.error()));
        return ids;
      }
      for (const Record& record : *page) ids.push_back(record.key.substr(sizeof kPrefix - 1));
      if (page->size() < kPage) return ids;
      from = page->back().key + '\0';
    }
  }

 private:
  objects::Store& store_;
  Metadata& metadata_;
  Bodies& bodies_;
  std::unique_ptr<blobs::Store> earlier_;
};

}  // namespace

std::string blob_id_of(const NewBody& body) { return id_of(body.id()); }
Change blob_record_of(const std::string& blob_id) { return {kPrefix + blob_id, ""}; }

std::unique_ptr<blobs::Store> open_blob_store(Store& store, std::unique_ptr<blobs::Store> earlier) {
  return std::make_unique<EngineBlobs>(store, std::move(earlier));
}

}  // namespace holm::objects
