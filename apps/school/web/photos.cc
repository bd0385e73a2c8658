// A portrait's way: a URL to upload to, the upload's arrival, the function's report.

#include "web/photos.h"

#include "kit/crypto.h"
#include "kit/web.h"

namespace school {

namespace {

using kit::HttpError;

constexpr int kPermitSeconds = 300;

// Keys hold UUIDs made when the upload was asked for, which order as text. A key of an entry is
// always of our making.
bool is_older(const SourceKey& key, const std::string& than) {
  auto other = parse_source_key(than);
  return other && key.uuid < other->uuid;
}

SourceKey require_key(const std::string& text) {
  auto key = parse_source_key(text);
  if (!key) throw HttpError(400, "invalid", "That is no key of a portrait.", "key");
  return *std::move(key);
}

std::string current_source(kit::Connection& connection, std::int64_t yearbook_id,
                           std::int64_t student) {
  auto rows = connection.run(
      "SELECT source_key FROM yb_entry WHERE yearbook_id = ? AND student_id = ?",
      {yearbook_id, student});
  return rows.empty() ? "" : rows[0].text("source_key");
}

}  // namespace

Photos::Photos(kit::Database& database, Yearbooks& yearbooks, kit::S3& s3, std::string bucket)
    : database_(database), yearbooks_(yearbooks), s3_(s3), bucket_(std::move(bucket)) {}

UploadPermit Photos::permit(const Viewer& viewer, const UploadRequest& request,
                            std::int64_t now_milliseconds) {
  require_own_entry(viewer, request.student);
  Yearbook yearbook = yearbooks_.require(request.year);
  Entry entry = yearbooks_.require_entry(viewer, request.year, request.student);
  if (yearbook.is_published()) {
    throw HttpError(409, "conflict", "This yearbook is published; portraits are closed.");
  }
  if (!entry.has_person_consent) {
    throw HttpError(403, "no_consent", "The school has no consent for a portrait yet.");
  }
  auto extension = extension_of_type(request.content_type);
  if (!extension) {
    throw HttpError(415, "wrong_type", "A portrait is a JPEG, PNG or WebP picture.",
                    "content_type");
  }
  if (request.content_bytes < 1) {
    throw HttpError(400, "invalid", "The file is empty.", "content_length");
  }
  if (request.content_bytes > kPhotoBytesMax) {
    throw HttpError(413, "too_large", "A portrait has at most 15 MB.", "content_length");
  }
  SourceKey key{.year = request.year,
                .student = request.student,
                .uuid = kit::uuid_v7(now_milliseconds),
                .extension = *extension};
  kit::PresignedPut put{.bucket = bucket_,
                        .key = key.text(),
                        .content_type = request.content_type,
                        .content_bytes = request.content_bytes,
                        .seconds = kPermitSeconds};
  std::int64_t now = now_milliseconds / 1000;
  auto url = s3_.presign_put(put, now);
  if (!url) throw HttpError(503, "unavailable", "Uploads do not work just now.");
  return {.url = *std::move(url), .key = key.text(), .expires_at = now + kPermitSeconds};
}

void Photos::uploaded(const Viewer& viewer, std::int64_t year, std::int64_t student,
                      const std::string& key_text) {
  require_own_entry(viewer, student);
  SourceKey key = require_key(key_text);
  if (key.year != year || key.student != student) {
    throw HttpError(400, "invalid", "That is the key of another entry.", "key");
  }
  yearbooks_.require_entry(viewer, year, student);
  Yearbook yearbook = yearbooks_.require(year);
  database_.transaction([&](kit::Connection& connection) {
    lock_entry(connection, yearbook.id, student);
    std::string current = current_source(connection, yearbook.id, student);
    if (current == key_text || is_older(key, current)) return;
    connection.run(
        "UPDATE yb_entry SET source_key = ?, state = 'processing', reason = NULL, "
        "web_key = NULL, thumb_key = NULL, bytes_in = NULL, bytes_out = NULL, ms = NULL, "
        "version = version + 1 WHERE yearbook_id = ? AND student_id = ?",
        {key_text, yearbook.id, student});
  });
}

void Photos::done(const PhotoReport& report) {
  SourceKey key = require_key(report.key);
  bool is_ready = report.state == "ready";
  if (!is_ready && report.state != "rejected") {
    throw HttpError(400, "invalid", "The state is ready or rejected.", "state");
  }
  if (report.etag.empty() || report.etag.size() > 80) {
    throw HttpError(400, "invalid", "Needed.", "etag");
  }
  Yearbook yearbook = yearbooks_.require(key.year);
  std::string reason = report.reason.substr(0, 250);
  kit::Argument why = is_ready ? kit::Argument(kit::Null{}) : kit::Argument(reason);
  kit::Argument web = is_ready ? kit::Argument(key.copy("web")) : kit::Argument(kit::Null{});
  kit::Argument thumb = is_ready ? kit::Argument(key.copy("thumb")) : kit::Argument(kit::Null{});
  database_.transaction([&](kit::Connection& connection) {
    auto person = connection.run(
        "SELECT id FROM student_enrolment WHERE person_id = ? AND year_id = ?",
        {key.student, key.year});
    if (person.empty()) throw HttpError(404, "not_found", "There is no such pupil.");
    lock_entry(connection, yearbook.id, key.student);
    connection.run(
        "INSERT IGNORE INTO photo_job (source_key, etag, ms, bytes_in, bytes_out, error) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        {report.key, report.etag, report.milliseconds, report.bytes_in, report.bytes_out, why});
    bool is_repeated = connection.affected_rows() == 0;
    std::string current = current_source(connection, yearbook.id, key.student);
    if (is_repeated || is_older(key, current)) return;
    connection.run(
        "UPDATE yb_entry SET source_key = ?, state = ?, reason = ?, web_key = ?, thumb_key = ?, "
        "bytes_in = ?, bytes_out = ?, ms = ?, version = version + 1 "
        "WHERE yearbook_id = ? AND student_id = ?",
        {report.key, report.state, why, web, thumb, report.bytes_in, report.bytes_out,
         report.milliseconds, yearbook.id, key.student});
  });
}

std::string Photos::address(const Viewer& viewer, std::int64_t year, std::int64_t student,
                            const std::string& copy, std::int64_t now) {
  Entry entry = yearbooks_.require_entry(viewer, year, student);
  bool is_copy = copy == "web.jpg" || copy == "thumb.jpg";
  if (!is_copy || !entry.shows_portrait_to(viewer)) {
    throw HttpError(404, "not_found", "There is no portrait to show.");
  }
  const std::string& key = copy == "web.jpg" ? entry.web_key : entry.thumb_key;
  auto url = s3_.presign_get(bucket_, key, now);
  if (!url) throw HttpError(503, "unavailable", "Portraits cannot be shown just now.");
  return *std::move(url);
}

}  // namespace school
