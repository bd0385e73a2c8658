// Writing and reading bodies: small ones in memory on their way into the log, large ones in extents.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "objects/bodies.h"
#include "objects/volumes.h"

namespace holm::objects {

// Large bodies have odd ids.
constexpr bool is_large(BodyId id) { return (id & 1) != 0; }

// A body of this store that waits for a commit.
class StoredBody final : public NewBody {
 public:
  StoredBody(Volumes& volumes, BodyId id, std::string content)
      : volumes_(volumes), id_(id), content_(std::move(content)) {}
  StoredBody(Volumes& volumes, BodyId id, Layout layout)
      : volumes_(volumes), id_(id), layout_(std::move(layout)) {}
  ~StoredBody() override;
  StoredBody(const StoredBody&) = delete;
  StoredBody& operator=(const StoredBody&) = delete;

  BodyId id() const override { return id_; }
  uint64_t bytes() const override { return is_large(id_) ? layout_.bytes : content_.size(); }
  const std::string& content() const { return content_; }
  const Layout& layout() const { return layout_; }
  // It belongs to a commit now.
  void adopt() { is_adopted_ = true; }
  bool is_adopted() const { return is_adopted_; }

 private:
  Volumes& volumes_;
  BodyId id_;
  std::string content_;
  Layout layout_;
  bool is_adopted_ = false;  // Of the thread that commits.
};

// `take_number` gives numbers that are taken once.
std::unique_ptr<BodyWriter> make_body_writer(Volumes& volumes, size_t inline_bytes_max,
                                             std::function<uint64_t()> take_number);

// Of a body that the reader has pinned; unpinned with it.
Outcome<std::unique_ptr<BodyReader>> read_large_body(Volumes& volumes, BodyId id, Layout layout);
std::unique_ptr<BodyReader> read_small_body(std::string content);

}  // namespace holm::objects
