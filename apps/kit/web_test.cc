// Routes, cookies, addresses, percent-encoding, escaping and signed reports.

#include "kit/web.h"

#include <gtest/gtest.h>

#include "kit/callback_signature.h"
#include "kit/crypto.h"

namespace kit {
namespace {

TEST(Routes, TakeTheFirstPatternThatFits) {
  Routes routes;
  routes.add("GET", "/yearbook/{y}/review", [](const Request&) { return Response{.body = "r"}; });
  routes.add("GET", "/yearbook/{y}/{student}", [](const Request& request) {
    return Response{.body = request.parameter("student")};
  });
  EXPECT_EQ(routes.answer({.method = "GET", .path = "/yearbook/1/review"}).body, "r");
  EXPECT_EQ(routes.answer({.method = "HEAD", .path = "/yearbook/1/7"}).body, "7");
}

TEST(Routes, TellUnknownPathsFromUnknownMethods) {
  Routes routes;
  routes.add("GET", "/a", [](const Request&) { return Response{}; });
  auto status_of = [&](const char* method, const char* path) {
    try {
      return routes.answer({.method = method, .path = path}).status;
    } catch (const HttpError& error) {
      return error.status;
    }
  };
  EXPECT_EQ(status_of("GET", "/a"), 200);
  EXPECT_EQ(status_of("POST", "/a"), 405);
  EXPECT_EQ(status_of("GET", "/a/"), 404);
}

TEST(Request, TheLastForwardedAddressIsTheLoadBalancers) {
  Request request{.headers = {{"x-forwarded-for", "6.6.6.6, 10.0.0.9"}}, .peer = "10.1.1.1"};
  EXPECT_EQ(request.address(), "10.0.0.9");
  EXPECT_EQ(Request{.peer = "10.1.1.1"}.address(), "10.1.1.1");
}

TEST(Request, FindsOneCookieAmongOthers) {
  Request request{.headers = {{"cookie", "a=1; session=xyz ;b=2"}}};
  EXPECT_EQ(request.cookie("session"), "xyz");
  EXPECT_EQ(request.cookie("sess"), "");
}

TEST(Html, OnlyLiteralsAreMarkup) {
  std::string hostile = "<script>alert('x')</script>\"&";
  EXPECT_EQ(html("<p title=\"{}\">{}</p>", {hostile, 7}).text(),
            "<p title=\"&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\">7</p>");
  EXPECT_EQ(html("<p>{}</p>", {html("<b>{}</b>", {"&"})}).text(), "<p><b>&amp;</b></p>");
}

TEST(Html, AWrongNumberOfPartsIsABug) {
  EXPECT_THROW(html("{}", {}), std::logic_error);
  EXPECT_THROW(html("{}", {1, 2}), std::logic_error);
}

TEST(Uri, DecodesWhatEventsHold) {
  struct Row {
    const char* what;
    const char* text;
    std::optional<std::string> decoded;
  };
  const Row rows[] = {{"plus is a space", "a+b", "a b"},
                      {"an encoded plus is a plus", "a%2Bb", "a+b"},
                      {"umlauts are two bytes", "%C3%BC", "ü"},
                      {"a cut-off escape is refused", "%4", std::nullopt},
                      {"a wrong digit is refused", "%zz", std::nullopt},
                      {"nothing is nothing", "", ""}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    EXPECT_EQ(percent_decode(row.text, Plus::IsSpace), row.decoded);
  }
}

TEST(CallbackSignature, HoldsForThisBodyAtThisTimeOnly) {
  std::string header = sign_callback("secret", "body", 1000);
  EXPECT_TRUE(is_callback_signed("secret", "body", header, 1300));
  EXPECT_FALSE(is_callback_signed("secret", "body", header, 1301));
  EXPECT_FALSE(is_callback_signed("secret", "body", header, 699));
  EXPECT_FALSE(is_callback_signed("secret", "Body", header, 1000));
  EXPECT_FALSE(is_callback_signed("other", "body", header, 1000));
  EXPECT_FALSE(is_callback_signed("secret", "body", "", 1000));
  EXPECT_FALSE(is_callback_signed("", "body", sign_callback("", "body", 1000), 1000));
  EXPECT_FALSE(is_callback_signed("secret", "body", header + "0", 1000));
}

TEST(Crypto, LaterUuidsCompareGreater) {
  EXPECT_LT(uuid_v7(1'700'000'000'000), uuid_v7(1'700'000'000'001));
  EXPECT_EQ(uuid_v7(1)[14], '7');
}

TEST(Crypto, APasswordFitsItsOwnHashOnly) {
  std::string hash = hash_password("correct horse");
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(verify_password(hash, "correct horse"));
  EXPECT_FALSE(verify_password(hash, "correct horsf"));
}

}  // namespace
}  // namespace kit
