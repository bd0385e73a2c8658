// Forms with a file, from their bytes to the request that they amount to.

#include "gateway/browser_form.h"

#include <gtest/gtest.h>

#include "async/reactor.h"
#include "async/sync_wait.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "support/fake_clock.h"

namespace holm::gateway {

namespace {

struct Field {
  std::string name;
  std::string value;
  std::string file = {};
};

std::string form_of(const std::vector<Field>& fields) {
  std::string text;
  for (const Field& field : fields) {
    text += "--xx\r\nContent-Disposition: form-data; name=\"" + field.name + "\"";
    if (!field.file.empty()) text += "; filename=\"" + field.file + "\"";
    text += "\r\n\r\n" + field.value + "\r\n";
  }
  return text + "--xx--\r\n";
}

http::Request head_of(const std::string& path) {
  http::Request head{
      .method = "POST", .target = path, .path = path, .query = {}, .authority = "localhost:4566"};
  head.headers.add("Content-Type", "multipart/form-data; boundary=xx");
  return head;
}

class BrowserFormTest : public ::testing::Test {
 protected:
  std::shared_ptr<BrowserForm> read(const std::vector<Field>& fields, const std::string& path = "/photos",
                                    const std::string& bucket = "") {
    head = head_of(path);
    return async::sync_wait(
        reactors.next(),
        BrowserForm::read_start(std::make_unique<async::StringSource>(form_of(fields)), head, bucket));
  }
  std::string file_of(BrowserForm& form) {
    return async::sync_wait(reactors.next(), async::read_all(form, 1 << 20)).value();
  }
  template <class Work>
  static std::string outcome(Work work) {
    try {
      work();
      return "fine";
    } catch (const aws::ServiceError& error) {
      return std::to_string(error.http_status) + " " + error.code;
    }
  }

  test::FakeClock clock;
  async::ReactorPool reactors{1, clock};
  http::Request head;
};

TEST_F(BrowserFormTest, IsARequestToStoreItsFile) {
  auto form =
      read({{"key", "user/${filename}"},
            {"ACL", "public-read"},
            {"Content-Type", "text/plain"},
            {"x-amz-meta-who", "eric"},
            {"x-ignore-this", "x"},
            {"tagging", "<Tagging><TagSet><Tag><Key>a b</Key><Value>c</Value></Tag></TagSet></Tagging>"},
            {"file", "bytes\r\n--x", "C:\\photos\\a b.txt"},
            {"submit", "Upload"}});
  const http::Request put = form->put_request();
  EXPECT_EQ(put.method, "PUT");
  EXPECT_EQ(put.path, "/photos/user/a%20b.txt");
  EXPECT_EQ(put.headers.get("x-amz-acl"), "public-read");
  EXPECT_EQ(put.headers.get("content-type"), "text/plain");
  EXPECT_EQ(put.headers.get("x-amz-meta-who"), "eric");
  EXPECT_EQ(put.headers.get("x-amz-tagging"), "a%20b=c");
  EXPECT_FALSE(put.headers.has("x-ignore-this"));
  EXPECT_EQ(file_of(*form), "bytes\r\n--x");
  EXPECT_FALSE(form->claim());
}

TEST_F(BrowserFormTest, NamesItsBucketByHostOrPath) {
  EXPECT_EQ(read({{"key", "k"}, {"file", "x"}}, "/", "photos")->put_request().path, "/k");
  EXPECT_EQ(outcome([&] { read({{"key", "k"}, {"file", "x"}}, "/"); }), "405 MethodNotAllowed");
  EXPECT_EQ(outcome([&] { read({{"key", "k"}, {"file", "x"}}, "/photos/k"); }), "405 MethodNotAllowed");
}

TEST_F(BrowserFormTest, LacksNothingThatMatters) {
  EXPECT_EQ(outcome([&] { read({{"key", "k"}}); }), "400 InvalidArgument") << "no file";
  EXPECT_EQ(outcome([&] { read({{"file", "x"}})->put_request(); }), "400 InvalidArgument") << "no key";
  EXPECT_EQ(outcome([&] { read({{"key", std::string(30'000, 'k')}, {"file", "x"}}); }),
            "400 MaxPostPreDataLengthExceeded");
  EXPECT_EQ(outcome([&] { read({{"key", "k"}, {"policy", "e30="}, {"file", "x"}})->claim(); }),
            "403 AccessDenied");
  EXPECT_EQ(outcome([&] {
              read({{"key", "k"}, {"policy", "e30="}, {"AWSAccessKeyId", "AKIA"}, {"file", "x"}})->claim();
            }),
            "400 InvalidArgument");
  EXPECT_EQ(outcome([&] { read({{"key", "k"}, {"signature", "x"}, {"file", "x"}})->claim(); }),
            "400 InvalidArgument");
}

// Which version is meant is known by any of its fields.
TEST_F(BrowserFormTest, SaysWhichFieldOfTheSignatureIsMissing) {
  auto missing = [&](std::vector<Field> fields) -> std::string {
    fields.insert(fields.begin(), {{"key", "k"}, {"policy", "e30="}});
    fields.push_back({"file", "x"});
    try {
      read(fields)->claim();
    } catch (const aws::ServiceError& error) {
      return std::string(split(error.what(), '\'').at(1));
    }
    return "";
  };
  EXPECT_EQ(missing({{"AWSAccessKeyId", "AKIA"}}), "Signature");
  EXPECT_EQ(missing({{"Signature", "x"}}), "AWSAccessKeyId");
  EXPECT_EQ(missing({{"x-amz-date", "x"}, {"x-amz-signature", "x"}}), "X-Amz-Algorithm");
  EXPECT_EQ(missing({{"x-amz-algorithm", "x"}}), "X-Amz-Credential");
  EXPECT_EQ(missing({{"x-amz-algorithm", "x"}, {"x-amz-credential", "x"}}), "X-Amz-Signature");
}

TEST_F(BrowserFormTest, AFileWithoutANameReplacesNothing) {
  EXPECT_EQ(read({{"key", "a-${filename}"}, {"file", "x"}})->put_request().path, "/photos/a-%24%7Bfilename%7D");
}

TEST_F(BrowserFormTest, ADocumentWithoutTagsHasNone) {
  auto form = read({{"key", "k"}, {"tagging", "<Other/>"}, {"file", "x"}});
  EXPECT_EQ(form->put_request().headers.get("x-amz-tagging"), "");
  EXPECT_EQ(outcome([&] { read({{"key", "k"}, {"tagging", "not-xml"}, {"file", "x"}})->put_request(); }),
            "400 MalformedXML");
}

TEST_F(BrowserFormTest, NothingElseIsPostedToABucket) {
  auto post = [&](const std::string& path, const std::string& query, const std::string& bucket) {
    http::Request request = head_of(path);
    request.query = query;
    return outcome([&] { require_form_type(request, bucket); });
  };
  EXPECT_EQ(post("/photos", "", ""), "412 PreconditionFailed");
  EXPECT_EQ(post("/photos/", "", ""), "412 PreconditionFailed");
  EXPECT_EQ(post("/", "", "photos"), "412 PreconditionFailed");
  EXPECT_EQ(post("/", "", ""), "fine");
  EXPECT_EQ(post("/photos", "delete", ""), "fine");
  EXPECT_EQ(post("/photos/k", "", ""), "fine");
}

TEST_F(BrowserFormTest, CannotSmuggleHeaders) {
  EXPECT_EQ(
      outcome([&] {
        read({{"key", "k"}, {"Content-Type", "a\r\nx-amz-acl: public-read"}, {"file", "x"}})->put_request();
      }),
      "400 InvalidArgument");
}

TEST_F(BrowserFormTest, IsAsLongAsItsPolicySays) {
  const std::string policy = base64_encode(
      R"({"expiration":"2026-01-01T01:00:00Z","conditions":[{"key":"k"},["content-length-range",2,4]]})");
  const std::string signature = base64_encode(crypto::bytes_of(crypto::hmac_sha1("secret", policy)));
  auto upload = [&](const std::string& content, const std::string& secret) {
    return outcome([&] {
      auto form = read({{"key", "k"},
                        {"policy", policy},
                        {"AWSAccessKeyId", "AKIA"},
                        {"signature", signature},
                        {"file", content}});
      form->require_valid(*form->claim(), secret, clock.now());
      file_of(*form);
    });
  };
  EXPECT_EQ(upload("abc", "secret"), "fine");
  EXPECT_EQ(upload("a", "secret"), "400 EntityTooSmall");
  EXPECT_EQ(upload("abcde", "secret"), "400 EntityTooLarge");
  EXPECT_EQ(upload("abc", "another"), "403 SignatureDoesNotMatch");
}

// The example of AWS's documentation of forms with version 4, with its secret, date and policy.
TEST_F(BrowserFormTest, IsSignedWithVersion4AsAwsShows) {
  const std::string policy =
      "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldC"
      "I6ICJz"
      "aWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbC"
      "I6ICJw"
      "dWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy"
      "5hbWF6"
      "b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW"
      "1hZ2Uv"
      "Il0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3"
      "J5cHRp"
      "b24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LW"
      "NyZWRl"
      "bnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC"
      "1hbXot"
      "YWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KIC"
      "BdDQp9";
  auto form =
      read({{"key", "user/user1/${filename}"},
            {"acl", "public-read"},
            {"success_action_redirect", "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
            {"Content-Type", "image/jpeg"},
            {"x-amz-meta-uuid", "14365123651274"},
            {"x-amz-server-side-encryption", "AES256"},
            {"X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
            {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
            {"X-Amz-Date", "20151229T000000Z"},
            {"x-amz-meta-tag", ""},
            {"Policy", policy},
            {"X-Amz-Signature", "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"},
            {"file", "x", "a.jpg"}},
           "/sigv4examplebucket");
  const auto claim = form->claim();
  ASSERT_TRUE(claim && claim->scope);
  EXPECT_EQ(claim->access_key_id, "AKIAIOSFODNN7EXAMPLE");
  const Time then = from_milliseconds(1'451'347'200'000);  // 2015-12-29T00:00:00Z
  EXPECT_EQ(outcome([&] { form->require_valid(*claim, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", then); }),
            "fine");
}

TEST_F(BrowserFormTest, IsAnsweredAsItWantsToBe) {
  auto answer = [&](const std::string& name, const std::string& value) {
    http::Response stored;
    stored.headers.set("ETag", "\"abc\"");
    return read({{"key", "a b"}, {name, value}, {"file", "x"}})->answer(std::move(stored));
  };
  EXPECT_EQ(answer("x-ignore", "").status, 204);
  EXPECT_EQ(answer("success_action_status", "200").status, 200);
  EXPECT_EQ(answer("success_action_status", "404").status, 204);
  const http::Response created = answer("success_action_status", "201");
  EXPECT_EQ(created.status, 201);
  EXPECT_NE(created.body.find("<Location>http://localhost:4566/photos/a%20b</Location><Bucket>photos</Bucket>"
                              "<Key>a b</Key><ETag>&quot;abc&quot;</ETag>"),
            std::string::npos)
      << created.body;
  const http::Response redirected = answer("success_action_redirect", "http://example.com/?x=1");
  EXPECT_EQ(redirected.status, 303);
  EXPECT_EQ(redirected.headers.get("Location"),
            "http://example.com/?x=1&bucket=photos&key=a%20b&etag=%22abc%22");
  EXPECT_EQ(answer("success_action_redirect", "javascript:alert(1)").status, 204);
}

}  // namespace

}  // namespace holm::gateway
