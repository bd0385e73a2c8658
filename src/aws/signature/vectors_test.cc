// AWS's published test suite for Signature Version 4: canonical request, string to sign, signature,
// and a server that accepts each signed request and no altered one.
//
// The suite is not part of the repository: $HOLM_VECTORS/sigv4, or vectors/sigv4 beside it.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "aws/signature/canonical.h"
#include "aws/signature/verify.h"
#include "base/files.h"
#include "base/strings.h"
#include "base/time_format.h"

namespace holm::aws::signature {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fs::path suite() {
  const char* configured = std::getenv("HOLM_VECTORS");
  return fs::path(configured != nullptr ? configured : HOLM_SOURCE_DIRECTORY "/../vectors") /
         "sigv4";
}

struct Case {
  std::string name, creq, sts, authz, sreq;
};

std::string content(const fs::path& path) {
  auto bytes = read_file(path.string());
  EXPECT_TRUE(bytes) << path;
  return replace_all(bytes.value_or(""), "\r\n", "\n");
}

std::vector<Case> cases() {
  std::vector<Case> found;
  for (const auto& entry : fs::recursive_directory_iterator(suite())) {
    if (entry.path().extension() != ".sreq") continue;
    fs::path path = entry.path();
    Case row{.name = path.stem().string(), .sreq = content(path)};
    row.creq = content(path.replace_extension(".creq"));
    row.sts = content(path.replace_extension(".sts"));
    row.authz = content(path.replace_extension(".authz"));
    found.push_back(std::move(row));
  }
  return found;
}

struct Message {
  http::Request request;
  std::string body;
};

Message read_message(std::string_view text) {
  Message message;
  const size_t line_end = text.find('\n');
  const std::string_view line = text.substr(0, line_end);
  const size_t method_end = line.find(' '), target_end = line.rfind(" HTTP/1.1");
  message.request.method = line.substr(0, method_end);
  message.request.target = line.substr(method_end + 1, target_end - method_end - 1);
  http::split_target(message.request);
  std::vector<std::pair<std::string, std::string>> headers;
  text.remove_prefix(line_end + 1);
  while (!text.empty()) {
    const std::string_view header = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), header.size() + 1));
    if (header.empty()) break;
    if (header.front() == ' ') {
      headers.back().second += std::string(header);
      continue;
    }
    const size_t colon = header.find(':');
    headers.push_back(
        {std::string(header.substr(0, colon)), std::string(header.substr(colon + 1))});
  }
  for (const auto& [name, value] : headers) message.request.headers.add(name, value);
  message.body = text;
  return message;
}

std::optional<Problem> check(const Message& message) {
  const RequestView view = view_of(message.request);
  const auto parsed = parse(view, Dialect::Query);
  if (const auto* problem = std::get_if<Problem>(&parsed)) return *problem;
  const auto* request = std::get_if<Signed>(&parsed);
  if (request == nullptr) return Problem{.code = "Anonymous"};
  if (request->access_key_id != "AKIDEXAMPLE")
    return unknown_access_key(Dialect::Query, request->access_key_id);
  const std::string hash = sha256_hex(message.body);
  const Expectation expected{.now = *parse_compact_date_time("20150830T123600Z"),
                             .service = "service",
                             .region = "us-east-1",
                             .body_sha256 = hash};
  const auto verified =
      verify(*request, derive_signing_key(kSecret, request->scope), view, expected);
  return verified ? std::nullopt : std::optional(verified.error());
}

TEST(Vectors, CanonicalRequestStringToSignAndSignatureAreAsPublished) {
  if (!fs::exists(suite())) GTEST_SKIP() << "no test suite at " << suite();
  int count = 0;
  for (const Case& row : cases()) {
    SCOPED_TRACE(row.name);
    Message message = read_message(row.sreq);
    // One of the signed requests carries the signature of another.
    message.request.headers.set("Authorization", row.authz);
    const RequestView view = view_of(message.request);
    const auto parsed = parse(view, Dialect::Query);
    const auto* request = std::get_if<Signed>(&parsed);
    ASSERT_NE(request, nullptr);
    const std::string query = canonical_query(query_parameters(view.query), {}),
                      path = canonical_path(view.path);
    const std::string hash = sha256_hex(message.body);
    const auto canonical =
        write_canonical({view.method, path, query, request->signed_headers, hash}, view);
    ASSERT_TRUE(canonical);
    EXPECT_EQ(*canonical, row.creq);
    const std::string text =
        string_to_sign(compact_date_time(request->time), to_text(request->scope), *canonical);
    EXPECT_EQ(text, row.sts);
    EXPECT_TRUE(
        row.authz.ends_with(signature_of(derive_signing_key(kSecret, request->scope), text)));
    EXPECT_EQ(check(message), std::nullopt);
    ++count;
  }
  EXPECT_GE(count, 30);
}

// Changing any one character either spoils the message's form or its signature; unless the change
// is in the token that one case adds after signing, in a path that is normalised, or only in how
// the same thing is written.
TEST(Vectors, NoAlteredRequestIsAccepted) {
  if (!fs::exists(suite())) GTEST_SKIP() << "no test suite at " << suite();
  for (const Case& row : cases()) {
    if (row.name == "post-sts-header-after" || row.name.starts_with("get-relative") ||
        row.name.starts_with("get-slash")) {
      continue;
    }
    const Message original = read_message(row.sreq);
    for (size_t at = 0; at < row.sreq.size(); ++at) {
      std::string text = row.sreq;
      text[at] = static_cast<char>(text[at] ^ 1);
      if (text.find(" HTTP/1.1\n") == text.npos || text.find(" /") > text.find('\n')) continue;
      if (text[at] == ' ' || row.sreq[at] == ' ' || text[at] == '\n' || row.sreq[at] == '\n')
        continue;
      if (row.sreq[at] == ':' || text[at] == ':') continue;
      EXPECT_NE(check(read_message(text)), std::nullopt) << row.name << " at " << at << ":\n"
                                                         << text;
    }
  }
}

}  // namespace
}  // namespace holm::aws::signature
