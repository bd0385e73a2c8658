// What is set on buckets: documents, one of a kind ("policy", "cors" …).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/codec/json_codec.h"
#include "aws/service/call.h"
#include "base/check.h"
#include "sql/database.h"

namespace holm::s3 {

using aws::Call;

// The document of one kind that is set on a bucket.
std::optional<std::string> find_configuration(sql::Transaction& transaction, int64_t bucket,
                                              std::string_view kind);
void set_configuration(Call& call, int64_t bucket, std::string_view kind, const std::string& document);
void clear_configuration(Call& call, int64_t bucket, std::string_view kind);

// What is set on a bucket, read at once when it is first asked for, and once for all who read the same snapshot of
// the database (sql/derived.h). Stale once something is set. The transaction outlives it. One thread at a time.
class Settings {
 public:
  Settings(sql::Transaction& transaction, int64_t bucket) : transaction_(transaction), bucket_(bucket) {}

  // The document of one kind, as find_configuration() has them; null when none is set. Lives as long as this.
  const std::string* find(std::string_view kind) const;
  // The same read. Nothing goes on when it cannot be, as it may protect something. A kind has one T.
  template <class T>
  const T* read(std::string_view kind, const aws::Shape& shape) const {
    Document* document = find_document(kind);
    if (document == nullptr) return nullptr;
    if (document->meaning == nullptr) {
      auto meaning = std::make_shared<T>();
      CHECK(aws::read_json(document->text, shape, meaning.get()).has_value());
      document->meaning = std::move(meaning);
    }
    return static_cast<const T*>(document->meaning.get());
  }

 private:
  friend struct ShownSettings;
  struct Document {
    std::string kind;
    std::string text;
    std::shared_ptr<const void> meaning = {};  // Null until it is asked for.
  };
  using Documents = std::vector<Document>;

  Document* find_document(std::string_view kind) const;
  std::shared_ptr<Documents> load() const;

  sql::Transaction& transaction_;
  int64_t bucket_;
  mutable std::shared_ptr<Documents> documents_ = {};
};

}  // namespace holm::s3
