// Buckets as web sites: what may be set, and what it says about requests.

#include "services/s3/website.h"

#include <gtest/gtest.h>

#include "services/s3/test_place.h"

namespace holm::s3 {

namespace {

class WebsiteTest : public ::testing::Test {
 protected:
  WebsiteTest() { s3.create_bucket("site"); }

  std::string put(WebsiteConfiguration site) {
    return s3.outcome<PutBucketWebsite>({.bucket = "site", .website_configuration = std::move(site)});
  }
  static aws::WebsiteRequest request(const std::string& key) {
    return {.bucket = "site", .key = key, .authority = "site.s3-website-eu-west-1.localhost:8080"};
  }
  // "key photos/index.html", "301 http://…"
  static std::string told(const std::optional<aws::WebsiteStep>& step) {
    if (!step) return "nothing";
    if (!step->location.empty()) return std::to_string(step->status) + " " + step->location;
    return "key " + step->key + (step->status == 200 ? "" : " with " + std::to_string(step->status));
  }
  std::string begin(const std::string& key) { return told(s3.service().sites().begin(request(key))); }
  std::string instead(const std::string& key, int status) {
    return told(s3.service().sites().instead(request(key), status));
  }

  TestFolder folder;
  TestS3 s3{folder.path()};
};

WebsiteConfiguration plain() { return {.index_document = IndexDocument{.suffix = "index.html"}}; }

TEST_F(WebsiteTest, IsKeptAndGone) {
  EXPECT_EQ(s3.outcome<GetBucketWebsite>({.bucket = "site"}), "404 NoSuchWebsiteConfiguration");
  EXPECT_EQ(put(plain()), "200");
  EXPECT_EQ(s3.call<GetBucketWebsite>({.bucket = "site"}).index_document->suffix, "index.html");
  s3.call<DeleteBucketWebsite>({.bucket = "site"});
  EXPECT_EQ(s3.outcome<GetBucketWebsite>({.bucket = "site"}), "404 NoSuchWebsiteConfiguration");
  EXPECT_THROW(begin("x"), aws::ServiceError);
}

TEST_F(WebsiteTest, WhatCannotBeServedIsRefused) {
  EXPECT_EQ(put({}), "400 InvalidArgument");
  EXPECT_EQ(put({.index_document = IndexDocument{.suffix = ""}}), "400 InvalidArgument");
  EXPECT_EQ(put({.index_document = IndexDocument{.suffix = "a/index.html"}}), "400 InvalidArgument");
  EXPECT_EQ(put({.index_document = IndexDocument{.suffix = "index.html"},
                 .redirect_all_requests_to = RedirectAllRequestsTo{.host_name = "example.com"}}),
            "400 InvalidArgument");
  auto with = [](RoutingRule rule) {
    WebsiteConfiguration site = plain();
    site.routing_rules = std::vector<RoutingRule>{std::move(rule)};
    return site;
  };
  EXPECT_EQ(put(with({.redirect = {.replace_key_prefix_with = "a", .replace_key_with = "b"}})),
            "400 InvalidRequest");
  EXPECT_EQ(put(with({.redirect = {.host_name = "a", .http_redirect_code = "300"}})), "400 InvalidRequest");
  EXPECT_EQ(put(with({.redirect = {.host_name = "a", .http_redirect_code = "404"}})), "400 InvalidRequest");
  EXPECT_EQ(put(with({.condition = Condition{.http_error_code_returned_equals = "302"},
                      .redirect = {.host_name = "a"}})),
            "400 InvalidRequest");
  EXPECT_EQ(put(with({.redirect = {}})), "400 MalformedXML");
}

TEST_F(WebsiteTest, FoldersHaveAnIndexAndErrorsAPage) {
  WebsiteConfiguration site = plain();
  site.error_document = ErrorDocument{.key = "error.html"};
  ASSERT_EQ(put(site), "200");
  EXPECT_EQ(begin(""), "key index.html");
  EXPECT_EQ(begin("photos/"), "key photos/index.html");
  EXPECT_EQ(begin("photos/a b.jpg"), "key photos/a b.jpg");
  EXPECT_EQ(instead("x", 404), "key error.html with 404");
  EXPECT_EQ(s3.service().sites().folder_index(request("photos")), "photos/index.html");
  EXPECT_EQ(s3.service().sites().folder_index(request("photos/")), std::nullopt);
  EXPECT_EQ(s3.service().sites().folder_index(request("/example.com")), std::nullopt) << "no other host";
  EXPECT_EQ(s3.outcome<PutObject>(
                {.bucket = "site", .key = "k", .website_redirect_location = "javascript:alert(1)"}),
            "400 InvalidRedirectLocation");
}

TEST_F(WebsiteTest, RulesRedirectByPrefixAndByError) {
  WebsiteConfiguration site = plain();
  site.routing_rules = std::vector<RoutingRule>{
      {.condition = Condition{.key_prefix_equals = "docs/"},
       .redirect = {.replace_key_prefix_with = "documents/"}},
      {.condition = Condition{.http_error_code_returned_equals = "404", .key_prefix_equals = "img/"},
       .redirect = {.host_name = "example.com",
                    .http_redirect_code = "302",
                    .protocol = "https",
                    .replace_key_with = "missing.png"}}};
  ASSERT_EQ(put(site), "200");
  EXPECT_EQ(begin("docs/a b"), "301 http://site.s3-website-eu-west-1.localhost:8080/documents/a%20b");
  EXPECT_EQ(begin("img/x"), "key img/x");
  EXPECT_EQ(instead("img/x", 404), "302 https://example.com/missing.png");
  EXPECT_EQ(instead("img/x", 403), "nothing");
  EXPECT_EQ(instead("other", 404), "nothing");
}

TEST_F(WebsiteTest, MayBeElsewhereAltogether) {
  ASSERT_EQ(put({.redirect_all_requests_to =
                     RedirectAllRequestsTo{.host_name = "example.com", .protocol = "https"}}),
            "200");
  EXPECT_EQ(begin("a/b"), "301 https://example.com/a/b");
}

}  // namespace

}  // namespace holm::s3
