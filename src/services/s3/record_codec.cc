// Each kind of record is one list of members, which is written and read. The first byte says which list it
// is: members are only ever added by a new one.

#include "services/s3/record_codec.h"

#include <fmt/format.h>

#include <type_traits>

#include "base/log.h"
#include "objects/coding.h"

namespace holm::s3 {

namespace {

constexpr uint64_t kFormat = 1;
constexpr uint64_t kPiecesMax = 10'000;

// A member that is read and not kept.
struct Skipped {};

class Writer {
 public:
  template <class Number>
  void number(const Number& value) {
    objects::put_varint(bytes_, static_cast<uint64_t>(value));
  }
  void text(const std::string& value) { objects::put_text(bytes_, value); }
  void optional_text(const std::optional<std::string>& value) { text(value.value_or("")); }
  void time(const Time& value) { number(to_milliseconds(value)); }
  void optional_time(const std::optional<Time>& value) { number(milliseconds_of(value)); }
  void algorithm(const Algorithm& value) { text(std::string(name_of(value))); }
  void format() { number(kFormat); }

  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <class Number>
  void number(Number& value) {
    uint64_t wide = 0;
    is_broken_ = !bytes_.varint(wide) || is_broken_;
    if constexpr (!std::is_same_v<Number, Skipped>) value = static_cast<Number>(wide);
  }
  void text(std::string_view& value) { is_broken_ = !bytes_.text(value) || is_broken_; }
  void text(std::string& value) {
    std::string_view view;
    text(view);
    // Most are empty.
    if (view.empty()) return value.clear();
    value = view;
  }
  void text(Skipped&) {
    std::string_view skipped;
    text(skipped);
  }
  void optional_text(Skipped& value) { text(value); }
  void optional_time(Skipped& value) { number(value); }
  void optional_text(std::optional<std::string>& value) {
    std::string_view view;
    is_broken_ = !bytes_.text(view) || is_broken_;
    value.reset();
    if (!view.empty()) value.emplace(view);
  }
  void time(Skipped& value) { number(value); }
  void time(Time& value) {
    int64_t milliseconds = 0;
    number(milliseconds);
    value = from_milliseconds(milliseconds);
  }
  void optional_time(std::optional<Time>& value) {
    int64_t milliseconds = 0;
    number(milliseconds);
    value = milliseconds == 0 ? std::nullopt : std::optional(from_milliseconds(milliseconds));
  }
  void algorithm(Algorithm& value) {
    std::string name;
    text(name);
    if (const auto found = find_algorithm(name)) value = *found;
    else is_broken_ = true;
  }
  void format() {
    uint64_t value = 0;
    number(value);
    is_broken_ = is_broken_ || value != kFormat;
  }
  bool is_whole() const { return !is_broken_ && bytes_.is_at_end(); }
  bool is_broken() const { return is_broken_; }

 private:
  objects::ByteReader bytes_;
  bool is_broken_ = false;
};

template <class Codec, class Value>
void lock_members(Codec& codec, Value& lock) {
  codec.text(lock.mode);
  codec.optional_time(lock.until);
  codec.text(lock.legal_hold);
}

template <class Codec, class Value>
void encryption_members(Codec& codec, Value& encryption) {
  codec.text(encryption.method);
  if (encryption.method.empty()) return;
  codec.text(encryption.kms_key);
  codec.text(encryption.context);
  codec.number(encryption.has_bucket_key);
  codec.text(encryption.customer_md5);
}

template <class Codec, class Row>
void members(Codec& codec, Row& row, const VersionRow*) {
  codec.format();
  codec.number(row.id);
  codec.text(row.version);
  codec.number(row.what);
  codec.number(row.bytes);
  codec.text(row.etag);
  codec.time(row.modified);
  codec.text(row.storage_class);
  codec.text(row.checksum_algorithm);
  codec.text(row.checksum);
  codec.text(row.checksum_type);
  codec.number(row.part_count);
  codec.text(row.tags);
  codec.text(row.attributes);
  lock_members(codec, row.lock);
  encryption_members(codec, row.encryption);
  codec.text(row.owner);
  codec.text(row.list);
  codec.text(row.replication);
  codec.number(row.restoration.days);
  codec.optional_time(row.restoration.until);
  codec.optional_time(row.used);
  codec.text(row.archive_tier);
  codec.text(row.stored.upload);
  codec.optional_text(row.stored.blob);
  codec.number(row.stored.body);
  codec.text(row.stored.sealed_key);
}

struct SkippedLock {
  Skipped mode, until, legal_hold;
};
struct SkippedEncryption {
  std::string_view method;  // Says whether others follow.
  Skipped kms_key, context, has_bucket_key, customer_md5;
};
struct SkippedBytes {
  Skipped upload, blob, body, sealed_key;
};
struct SkippedRestoration {
  Skipped days, until;
};

// The members of a version by the same names, of which only those that lists tell are kept.
struct OutlineRow {
  Skipped id, version, checksum, part_count, tags, attributes, list, replication, used, archive_tier;
  What what = What::Object;
  uint64_t bytes = 0;
  Time modified{};
  std::string_view etag, storage_class, checksum_algorithm, checksum_type, owner;
  SkippedLock lock;
  SkippedEncryption encryption;
  Restoration restoration;
  SkippedBytes stored;
};

// The same, of which only those are kept that permissions depend on.
struct StandingRow {
  Skipped id, bytes, etag, modified, storage_class, checksum_algorithm, checksum, checksum_type, part_count;
  Skipped attributes, replication, used, archive_tier;
  What what = What::Object;
  std::string_view version, tags, owner, list;
  SkippedLock lock;
  SkippedEncryption encryption;
  SkippedRestoration restoration;
  SkippedBytes stored;
};

template <class Codec, class Row>
void members(Codec& codec, Row& row, const UploadRow*) {
  codec.format();
  codec.number(row.bucket);
  codec.text(row.key);
  codec.time(row.initiated);
  codec.text(row.storage_class);
  codec.algorithm(row.algorithm);
  codec.text(row.checksum_type);
  codec.number(row.is_checksum_asked);
  codec.text(row.tags);
  codec.text(row.attributes);
  lock_members(codec, row.lock);
  codec.text(row.possession.owner);
  codec.text(row.possession.list);
  encryption_members(codec, row.encryption);
  codec.text(row.initiator);
}

template <class Codec, class Row>
void members(Codec& codec, Row& row, const PartRow*) {
  codec.format();
  codec.number(row.bytes);
  codec.text(row.md5);
  codec.text(row.checksum);
  codec.time(row.modified);
  codec.optional_text(row.blob);
  codec.number(row.body);
  codec.text(row.sealed_key);
}

template <class Codec, class Row>
void members(Codec& codec, Row& row, const Completed*) {
  codec.format();
  codec.number(row.bucket);
  codec.text(row.key);
  codec.text(row.version);
}

template <class Codec, class Row>
void piece_members(Codec& codec, Row& piece) {
  codec.number(piece.number);
  codec.number(piece.bytes);
  codec.text(piece.checksum);
  codec.optional_text(piece.blob);
  codec.number(piece.body);
  codec.text(piece.sealed_key);
}

template <class Row>
std::string encode(const Row& row) {
  Writer writer;
  members(writer, row, static_cast<const Row*>(nullptr));
  return std::move(writer.bytes_);
}

template <class Row>
bool read_into(std::string_view bytes, Row& row) {
  Reader reader(bytes);
  members(reader, row, static_cast<const Row*>(nullptr));
  return reader.is_whole();
}

template <class Row>
std::optional<Row> read(std::string_view bytes) {
  std::optional<Row> row(std::in_place);
  if (!read_into(bytes, *row)) row.reset();
  return row;
}

}  // namespace

std::string encode_version(const VersionRow& row) { return encode(row); }

namespace {

bool is_known(What what) { return what == What::Object || what == What::Marker; }

[[noreturn]] void throw_unknown(std::string_view key) {
  log::error(fmt::format("S3: what is known of the object {} cannot be read.", key));
  throw_unreadable();
}

void require_version_in(std::string_view bytes, std::string key, VersionRow& row) {
  if (!read_into(bytes, row) || !is_known(row.what)) throw_unknown(key);
  row.key = std::move(key);
}

}  // namespace

std::optional<VersionRow> read_version(std::string_view bytes) {
  auto row = read<VersionRow>(bytes);
  if (row && !is_known(row->what)) row.reset();
  return row;
}

VersionRow version_in(std::string_view bytes, std::string key, bool is_current) {
  VersionRow row;
  require_version_in(bytes, std::move(key), row);
  row.is_current = is_current;
  return row;
}

std::optional<VersionRow> found_version_in(const std::optional<std::string>& bytes, const std::string& key,
                                           bool is_current) {
  std::optional<VersionRow> row;
  if (!bytes) return row;
  require_version_in(*bytes, key, row.emplace());
  row->is_current = is_current;
  return row;
}

std::optional<Standing> found_standing_in(const std::optional<std::string>& bytes, std::string_view key) {
  if (!bytes) return std::nullopt;
  Reader reader(*bytes);
  StandingRow row;
  members(reader, row, static_cast<const VersionRow*>(nullptr));
  if (!reader.is_whole() || !is_known(row.what)) throw_unknown(key);
  return Standing{.what = row.what,
                  .version = std::string(row.version),
                  .tags = std::string(row.tags),
                  .owner = std::string(row.owner),
                  .list = std::string(row.list)};
}

std::optional<Outline> outline_in(std::string_view bytes, std::string_view key) {
  Reader reader(bytes);
  OutlineRow row;
  members(reader, row, static_cast<const VersionRow*>(nullptr));
  if (!reader.is_whole() || !is_known(row.what)) throw_unknown(key);
  if (row.what == What::Marker) return std::nullopt;
  return Outline{.key = key,
                 .bytes = row.bytes,
                 .etag = row.etag,
                 .modified = row.modified,
                 .storage_class = row.storage_class,
                 .checksum_algorithm = row.checksum_algorithm,
                 .checksum_type = row.checksum_type,
                 .owner = row.owner,
                 .restoration = row.restoration};
}

std::string encode_pieces(const std::vector<Piece>& pieces) {
  Writer writer;
  writer.format();
  writer.number(pieces.size());
  for (const Piece& piece : pieces) piece_members(writer, piece);
  return std::move(writer.bytes_);
}

std::optional<std::vector<Piece>> read_pieces(std::string_view bytes) {
  Reader reader(bytes);
  uint64_t count = 0;
  reader.format();
  reader.number(count);
  if (reader.is_broken() || count > kPiecesMax) return std::nullopt;
  std::vector<Piece> pieces;
  while (pieces.size() < count && !reader.is_broken()) piece_members(reader, pieces.emplace_back());
  if (!reader.is_whole()) return std::nullopt;
  return pieces;
}

std::string encode_upload(const UploadRow& row) { return encode(row); }
std::optional<UploadRow> read_upload(std::string_view bytes) { return read<UploadRow>(bytes); }
std::string encode_part(const PartRow& row) { return encode(row); }
std::optional<PartRow> read_part(std::string_view bytes) { return read<PartRow>(bytes); }
std::string encode_completed(const Completed& completed) { return encode(completed); }
std::optional<Completed> read_completed(std::string_view bytes) { return read<Completed>(bytes); }

}  // namespace holm::s3
