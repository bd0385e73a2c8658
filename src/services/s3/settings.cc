// Documents that are set on buckets, and those that a snapshot of the database shows.

#include "services/s3/settings.h"

#include <algorithm>
#include <unordered_map>

#include "sql/derived.h"

namespace holm::s3 {

// Of the buckets that somebody has asked about in one snapshot.
struct ShownSettings {
  static constexpr size_t kBucketsMax = 256;
  std::unordered_map<int64_t, std::shared_ptr<Settings::Documents>> of_buckets;
};

std::shared_ptr<Settings::Documents> Settings::load() const {
  auto documents = std::make_shared<Documents>();
  for (const sql::Row& row :
       transaction_.run("SELECT kind, document FROM s3_configuration WHERE bucket = ?1", {bucket_})) {
    documents->push_back({.kind = row.text(0), .text = row.text(1)});
  }
  return documents;
}

Settings::Document* Settings::find_document(std::string_view kind) const {
  if (documents_ == nullptr) {
    sql::Derived* derived = sql::find_derived(transaction_);
    if (derived == nullptr) {
      documents_ = load();
    } else {
      auto& known = derived->get<ShownSettings>().of_buckets;
      const auto found = known.find(bucket_);
      documents_ = found != known.end() ? found->second : load();
      if (found == known.end()) {
        if (known.size() >= ShownSettings::kBucketsMax) known.clear();
        known.emplace(bucket_, documents_);
      }
    }
  }
  const auto found = std::ranges::find(*documents_, kind, &Document::kind);
  return found == documents_->end() ? nullptr : &*found;
}

const std::string* Settings::find(std::string_view kind) const {
  const Document* document = find_document(kind);
  return document == nullptr ? nullptr : &document->text;
}

std::optional<std::string> find_configuration(sql::Transaction& transaction, int64_t bucket,
                                              std::string_view kind) {
  if (sql::find_derived(transaction) != nullptr) {
    const Settings settings(transaction, bucket);
    const std::string* document = settings.find(kind);
    return document != nullptr ? std::optional(*document) : std::nullopt;
  }
  auto row = transaction.find("SELECT document FROM s3_configuration WHERE bucket = ?1 AND kind = ?2",
                              {bucket, std::string(kind)});
  if (!row) return std::nullopt;
  return row->text(0);
}

void set_configuration(Call& call, int64_t bucket, std::string_view kind, const std::string& document) {
  call.transaction.run(
      "INSERT INTO s3_configuration (bucket, kind, document) VALUES (?1, ?2, ?3)"
      " ON CONFLICT (bucket, kind) DO UPDATE SET document = excluded.document",
      {bucket, std::string(kind), document});
}

void clear_configuration(Call& call, int64_t bucket, std::string_view kind) {
  call.transaction.run("DELETE FROM s3_configuration WHERE bucket = ?1 AND kind = ?2",
                       {bucket, std::string(kind)});
}

}  // namespace holm::s3
