// Policies of forms: what they allow and what they refuse.

#include "gateway/post_policy.h"

#include <gtest/gtest.h>

#include "support/fake_clock.h"

namespace holm::gateway {

namespace {

// "0-1024", or the status and code of the error.
std::string check(const std::string& conditions, std::vector<FormField> fields,
                  const std::string& expiration = "2026-01-01T01:00:00Z") {
  const auto result =
      check_policy(R"({"expiration":")" + expiration + R"(","conditions":)" + conditions + "}", fields,
                   test::FakeClock().now());
  if (!result) return std::to_string(result.error().http_status) + " " + result.error().code;
  return std::to_string(result->minimum) + "-" +
         (result->maximum == ~uint64_t{0} ? "" : std::to_string(result->maximum));
}

const std::vector<FormField> kForm = {
    {"key", "user/eric/photo.jpg"}, {"acl", "public-read"}, {"bucket", "photos"}};

struct Case {
  const char* what;
  const char* conditions;
  const char* result;
};

const Case kCases[] = {
    {"all that is said is so",
     R"([{"acl":"public-read"},["starts-with","$key","user/eric/"],{"bucket":"photos"}])", "0-"},
    {"names of fields and operators ignore case", R"([{"AcL":"public-read"},["StArTs-WiTh","$KEY","user/"]])",
     "0-"},
    {"values do not", R"([{"acl":"Public-read"},["starts-with","$key",""]])", "403 AccessDenied"},
    {"an exact value is the whole one", R"([{"acl":"public"},["starts-with","$key",""]])",
     "403 AccessDenied"},
    {"another bucket", R"([{"acl":"public-read"},["starts-with","$key",""],{"bucket":"others"}])",
     "403 AccessDenied"},
    {"a field that is not mentioned", R"([["starts-with","$key",""]])", "403 AccessDenied"},
    {"a mentioned field that is missing",
     R"([{"acl":"public-read"},["eq","$key","user/eric/photo.jpg"],{"x":"y"}])", "403 AccessDenied"},
    {"a missing field may begin with nothing",
     R"([{"acl":"public-read"},["starts-with","$key",""],["starts-with","$x",""]])", "0-"},
    {"a range of lengths",
     R"([{"acl":"public-read"},["starts-with","$key",""],["content-length-range",1,"20"]])", "1-20"},
    {"two ranges narrow each other",
     R"([{"acl":"public-read"},["starts-with","$key",""],)"
     R"(["content-length-range",1,20],["content-length-range",5,50]])",
     "5-20"},
    {"a range without an end", R"([["content-length-range",1]])", "400 InvalidPolicyDocument"},
    {"a range below zero", R"([["content-length-range",-1,20]])", "400 InvalidPolicyDocument"},
    {"a range to a word", R"([["content-length-range","one","20"]])", "403 AccessDenied"},
    {"a name without its dollar sign", R"([{"acl":"public-read"},["starts-with","key",""]])", "403 AccessDenied"},
    {"a condition that says nothing", R"([{}])", "400 InvalidPolicyDocument"},
    {"an unknown operator", R"([["ends-with","$key","jpg"]])", "400 InvalidPolicyDocument"},
    {"no conditions", R"([])", "400 InvalidPolicyDocument"},
    {"conditions that are none", R"("all")", "400 InvalidPolicyDocument"},
};

TEST(PostPolicy, AllowsOnlyWhatItMentions) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(check(c.conditions, kForm), c.result);
  }
}

TEST(PostPolicy, Ends) {
  const std::string all = R"([{"acl":"public-read"},["starts-with","$key",""]])";
  EXPECT_EQ(check(all, kForm, "2025-12-31T23:59:59Z"), "403 AccessDenied");
  EXPECT_EQ(check(all, kForm, "2026-01-01T00:00:00Z"), "403 AccessDenied");
  EXPECT_EQ(check(all, kForm, "tomorrow"), "400 InvalidPolicyDocument");
}

TEST(PostPolicy, ThatIsNoDocumentIsRefused) {
  const Time now = test::FakeClock().now();
  for (const char* text : {"", "[]", "{}", R"({"EXPIRATION":"2026-01-01T01:00:00Z","conditions":[]})",
                           R"({"expiration":"2026-01-01T01:00:00Z","CONDITIONS":[{"key":"x"}]})"}) {
    const auto result = check_policy(text, kForm, now);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().http_status, 400) << text;
  }
}

}  // namespace

}  // namespace holm::gateway
