// IAM on an in-memory database, for its tests.
#pragma once

#include <gtest/gtest.h>

#include "base/strings.h"
#include "iam/handlers.h"
#include "services/iam/service.h"
#include "support/service_tester.h"

namespace holm::iam {

inline constexpr char kTrustEc2[] =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},)"
    R"("Action":"sts:AssumeRole"}]})";
inline constexpr char kAllowGet[] =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]})";

// A request and what answers it. `$allow` and `$trust` stand for the documents above; in the answer `*` is
// anything.
struct Row {
  std::string what;
  std::string operation;
  std::string request;
  std::string answer;
};

class IamTest : public ::testing::Test {
 protected:
  static std::string filled(std::string text) {
    auto quoted = [](std::string_view document) { return replace_all(document, "\"", "\\\""); };
    text = replace_all(text, "$allow", quoted(kAllowGet));
    return replace_all(text, "$trust", quoted(kTrustEc2));
  }

  std::string call(std::string_view operation, std::string request) {
    auto before = service.identities().find_credentials(bystander.access_key_id, "").value();
    std::string answer = test::call_service(place, model(), service, operation, filled(std::move(request)));
    auto after = service.identities().find_credentials(bystander.access_key_id, "").value();
    const aws::Operation* found = aws::find_operation(model(), operation);
    bool has_written = found != nullptr && found->mode == aws::Mode::Write && answer.starts_with("200");
    EXPECT_EQ(before != after, has_written)
        << operation << ": what is remembered must be forgotten, by writes only";
    return answer;
  }

  // In order against one region: each row sees what those above it did.
  void play(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      std::string answer = call(row.operation, row.request);
      EXPECT_TRUE(matches_wildcard(row.answer, answer))
          << row.what << "\n  " << row.operation << " " << row.request << "\n  expected " << row.answer
          << "\n  answered " << answer;
    }
  }

  // The text of the first member of this name in an answer.
  static std::string text_in(const std::string& answer, const std::string& member) {
    size_t begin = answer.find("\"" + member + "\":\"");
    if (begin == std::string::npos) return {};
    begin += member.size() + 4;
    return answer.substr(begin, answer.find('"', begin) - begin);
  }

  test::Place place;
  aws::Events events;
  Service service{{.database = *place.database,
                   .clock = place.clock,
                   .random = place.random,
                   .events = events,
                   .key = {1, 2, 3}}};
  // Of another account: whether it is read anew tells whether IAM forgets after writes.
  aws::AccessKey bystander = service.identities().bootstrap("000000000000").value();
};

}  // namespace holm::iam
