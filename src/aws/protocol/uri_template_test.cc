// URI templates against paths.

#include "aws/protocol/uri_template.h"

#include <gtest/gtest.h>

#include <string>

namespace holm::aws {
namespace {

std::string describe(std::string_view uri_template, std::string_view path) {
  auto match = match_uri(uri_template, path);
  if (!match) return "no";
  std::string out;
  for (const UriLabel& label : match->labels()) {
    out += std::string(label.name) + "=" + std::string(label.value) + ";";
  }
  return out.empty() ? "yes" : out;
}

struct Case {
  const char* what;
  const char* uri_template;
  const char* path;
  const char* result;
};

constexpr Case kCases[] = {
    {"the root is the root", "/", "/", "yes"},
    {"the root is no bucket", "/{Bucket}", "/", "no"},
    {"a bucket", "/{Bucket}", "/b", "Bucket=b;"},
    {"a bucket with a slash", "/{Bucket}", "/b/", "Bucket=b;"},
    {"a key is no bucket", "/{Bucket}", "/b/k", "no"},
    {"a key", "/{Bucket}/{Key+}", "/b/k", "Bucket=b;Key=k;"},
    {"a key has slashes", "/{Bucket}/{Key+}", "/b/k/l/", "Bucket=b;Key=k/l/;"},
    {"a key begins with a slash", "/{Bucket}/{Key+}", "/b//k", "Bucket=b;Key=/k;"},
    {"a key is not empty", "/{Bucket}/{Key+}", "/b/", "no"},
    {"a bucket is not empty", "/{Bucket}/{Key+}", "//k", "no"},
    {"what is escaped does not split", "/{Bucket}/{Key}", "/b/k%2Fl", "Bucket=b;Key=k%2Fl;"},
    {"fixed segments after a greedy label", "/a/{B+}/c", "/a/x/y/c", "B=x/y;"},
    {"labels after a greedy label", "/a/{B+}/{C}/{D}", "/a/w/x/y/z", "B=w/x;C=y;D=z;"},
    {"two slashes at the end are one too many", "/{Bucket}", "/b//", "no"},
    {"fixed segments are demanded", "/a/{B+}/c", "/a/x/y/d", "no"},
    {"a greedy label needs something", "/a/{B+}/c", "/a/c", "no"},
    {"a slash at the template's end", "/zone/{Id}/rrset/", "/zone/Z/rrset", "Id=Z;"},
    {"the query string is no part of it", "/{Bucket}?acl", "/b", "Bucket=b;"},
    {"a fixed segment may be escaped", "/tags/{A}", "/%74ags/x", "A=x;"},
    {"an empty path is the root", "/", "", "yes"},
};

TEST(UriTemplate, MatchesPaths) {
  for (const Case& c : kCases) EXPECT_EQ(describe(c.uri_template, c.path), c.result) << c.what;
}

TEST(UriTemplate, DemandsConstantsOfTheQueryString) {
  auto constants = uri_constants("/{Bucket}?acl&list-type=2&x-id=Get");
  ASSERT_EQ(constants.size(), 2u);
  EXPECT_EQ(constants[0].name, "acl");
  EXPECT_FALSE(constants[0].has_value);
  EXPECT_EQ(constants[1].name, "list-type");
  EXPECT_EQ(constants[1].value, "2");
}

}  // namespace
}  // namespace holm::aws
