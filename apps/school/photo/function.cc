// What the function does with one event of S3.

#include "photo/function.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "kit/callback_signature.h"
#include "kit/clock.h"
#include "kit/fetch.h"
#include "kit/log.h"
#include "photo/portrait.h"

namespace school {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kSource = "source/";

// The text at a path of members, empty when it is not there.
std::string text_at(const Json& json, const char* pointer) {
  Json::json_pointer place(pointer);
  if (!json.contains(place) || !json.at(place).is_string()) return "";
  return json.at(place).get<std::string>();
}

// source/a/b.jpg becomes resized/a/b/web.jpg.
std::string copy_key(const std::string& source, const char* name) {
  std::size_t dot = source.rfind('.');
  return fmt::format("resized/{}/{}.jpg", source.substr(kSource.size(), dot - kSource.size()),
                     name);
}

std::expected<void, std::string> report(const Json& json, const FunctionOptions& options) {
  std::string body = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  kit::FetchRequest request{.method = "POST", .url = options.callback_url + "/internal/photo-done"};
  request.headers = {
      {"Content-Type", "application/json"},
      {"X-Callback-Signature",
       kit::sign_callback(options.callback_secret, body, kit::unix_seconds())}};
  request.body = body;
  auto response = kit::fetch(request);
  if (!response) return std::unexpected("the web program cannot be told: " + response.error());
  if (response->status != 200) {
    return std::unexpected(fmt::format("the web program answers {}", response->status));
  }
  return {};
}

std::expected<void, std::string> store(const Upload& upload, Copies copies, kit::S3& s3) {
  auto web = s3.put(upload.bucket, copy_key(upload.key, "web"), "image/jpeg",
                    std::move(copies.web));
  if (!web) return web;
  return s3.put(upload.bucket, copy_key(upload.key, "thumb"), "image/jpeg",
                std::move(copies.thumb));
}

std::expected<void, std::string> compress(const Upload& upload, kit::S3& s3,
                                          const FunctionOptions& options) {
  std::int64_t start = kit::unix_milliseconds();
  auto original = s3.get(upload.bucket, upload.key);
  if (!original) return std::unexpected(original.error());
  Json answer = {{"key", upload.key}, {"etag", upload.etag}, {"bytes_in", original->size()}};
  auto copies = make_copies(*original);
  if (!copies && copies.error().kind == PortraitProblem::Kind::Failed) {
    return std::unexpected(copies.error().text);
  }
  if (!copies) {
    answer.update({{"state", "rejected"}, {"reason", copies.error().text}, {"bytes_out", 0}});
    answer["ms"] = kit::unix_milliseconds() - start;
    // Told first: a repeated event that finds no object any more could not tell it.
    auto told = report(answer, options);
    if (!told) return told;
    return s3.remove(upload.bucket, upload.key);
  }
  answer.update({{"state", "ready"}, {"bytes_out", copies->web.size()}});
  auto stored = store(upload, *std::move(copies), s3);
  if (!stored) return stored;
  answer["ms"] = kit::unix_milliseconds() - start;
  return report(answer, options);
}

}  // namespace

std::expected<std::vector<Upload>, std::string> read_event(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("Records") || !json["Records"].is_array()) {
    return std::unexpected("the event has no records");
  }
  std::vector<Upload> uploads;
  for (const Json& record : json["Records"]) {
    if (!text_at(record, "/eventName").starts_with("ObjectCreated:")) continue;
    auto key = kit::percent_decode(text_at(record, "/s3/object/key"), kit::Plus::IsSpace);
    Upload upload{.bucket = text_at(record, "/s3/bucket/name"),
                  .key = key.value_or(""),
                  .etag = text_at(record, "/s3/object/eTag")};
    bool is_source = upload.key.starts_with(kSource) && upload.key.find('.') != std::string::npos;
    if (upload.bucket.empty() || !is_source) return std::unexpected("a record names no upload");
    uploads.push_back(std::move(upload));
  }
  return uploads;
}

std::expected<void, std::string> handle_event(std::string_view json, kit::S3& s3,
                                              const FunctionOptions& options) {
  auto uploads = read_event(json);
  if (!uploads) return std::unexpected(uploads.error());
  for (const Upload& upload : *uploads) {
    auto done = compress(upload, s3, options);
    if (!done) return std::unexpected(upload.key + ": " + done.error());
    kit::log_line("done: " + upload.key);
  }
  return {};
}

}  // namespace school
