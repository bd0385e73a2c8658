// What deviates how, and what becomes of it in each mode.

#include "dataplane/balancer/desync.h"

#include <gtest/gtest.h>

#include "http/head_parser.h"

namespace holm::balancer {
namespace {

using enum DesyncMitigation;

// What becomes of a request: "pass", "pass and close", or the status.
std::string fate(http::Deviations deviations, DesyncMitigation mode) {
  const Verdict verdict = judge(deviations, mode);
  if (verdict.refusal) return verdict.closes ? std::to_string(*verdict.refusal) : "stays open";
  return verdict.closes ? "pass and close" : "pass";
}

struct Case {
  const char* what;
  std::string head;  // After "METHOD / HTTP/1.1".
  std::string_view method, safety, reason, monitor, defensive, strictest;
};

const Case kCases[] = {
    {"nothing odd", "A: b\r\n", "GET", "-", "", "pass", "pass", "pass"},
    {"a name with a space after it", "A : b\r\n", "GET", "Acceptable", "NonCompliantHeader", "pass", "pass",
     "400"},
    {"a length of nothing", "Content-Length: 0\r\n", "GET", "Acceptable", "GetHeadZeroContentLength", "pass",
     "pass", "400"},
    {"two kinds of length", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "POST", "Ambiguous",
     "BothTeClPresent", "pass", "pass and close", "400"},
    {"a header like a length", "Content_Length: 3\r\n", "POST", "Ambiguous", "SuspiciousHeader", "pass",
     "pass and close", "400"},
    {"two lengths", "Content-Length: 3\r\nContent-Length: 4\r\n", "POST", "Severe", "MultipleContentLength",
     "pass and close", "400", "400"},
    {"a folded header", "A: b\r\n c\r\n", "GET", "Severe", "BadHeader", "pass and close", "400", "400"},
    {"a length that is none", "Content-Length: x\r\n", "POST", "Severe", "BadContentLength", "400", "400", "400"},
    {"a coding that there is not", "Transfer-Encoding: xchunked\r\n", "POST", "Severe", "BadTransferEncoding",
     "501", "501", "501"},
    {"a coding that there is, and a length", "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n", "POST",
     "Ambiguous", "BothTeClPresent", "501", "501", "501"},
    // There is nothing wrong with it; it is not supported.
    {"a coding that there is", "Transfer-Encoding: gzip, chunked\r\n", "POST", "-", "", "501", "501", "501"},
    {"no coding, as of old", "Transfer-Encoding: identity\r\n", "POST", "-", "", "pass", "pass", "pass"},
    {"the worst counts", "A : b\r\nContent-Length: 3\r\nContent-Length: 4\r\n", "POST", "Severe",
     "MultipleContentLength", "pass and close", "400", "400"},
};

TEST(Desync, EachModeDoesWhatAwsSaysOfIt) {
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.what);
    http::HeadParser parser(http::HeadKind::Request, {});
    const std::string text = std::string(each.method) + " / HTTP/1.1\r\nHost: a\r\n" + each.head + "\r\n";
    ASSERT_EQ(parser.parse(text), http::HeadState::Complete);
    const http::Deviations deviations = parser.head().deviations;
    EXPECT_EQ(name_of(classify(deviations).safety), each.safety);
    EXPECT_EQ(classify(deviations).reason, each.reason);
    EXPECT_EQ(fate(deviations, Monitor), each.monitor);
    EXPECT_EQ(fate(deviations, Defensive), each.defensive);
    EXPECT_EQ(fate(deviations, Strictest), each.strictest);
  }
}

}  // namespace
}  // namespace holm::balancer
