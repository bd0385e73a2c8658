// Relays, messages and replies.

#include <gtest/gtest.h>

#include "smtp/mail.h"
#include "smtp/relay.h"
#include "smtp/replies.h"

namespace holm::smtp {
namespace {

TEST(Relay, IsReadFromItsUrl) {
  auto plain = parse_relay("smtp://mail.example.com");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "mail.example.com");
  EXPECT_EQ(plain->port, 587);
  EXPECT_EQ(plain->security, Security::StartTls);
  EXPECT_EQ(plain->user, "");
  auto full = parse_relay("smtps://me%40example.com:p%3Aw%2Fd@[::1]:1465/");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->host, "::1");
  EXPECT_EQ(full->port, 1465);
  EXPECT_EQ(full->security, Security::Tls);
  EXPECT_EQ(full->user, "me@example.com");
  EXPECT_EQ(full->password, "p:w/d");
  for (const char* wrong : {"", "mail.example.com", "http://x", "smtp://", "smtp://x:0", "smtp://x:y",
                            "smtp://a b", "smtp://:secret@x", "smtp://[::1", "smtp://x\r\nQUIT"}) {
    EXPECT_FALSE(parse_relay(wrong)) << wrong;
  }
}

TEST(Address, HasNothingInItThatCouldBecomeACommand) {
  EXPECT_TRUE(is_address("a.b+c@example.com"));
  EXPECT_TRUE(is_address("root@localhost"));
  for (const char* wrong : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nRCPT TO:<x@y>", "<a@b>", "a@.b",
                            "a@b..c", "\"a\"@b", "a@b.", "\xC3\xA4@b"}) {
    EXPECT_FALSE(is_address(wrong)) << wrong;
  }
}

Mail mail_of(std::string subject, std::string text) {
  return {.sender_name = "AWS Notifications",
          .sender = "no-reply@holm.localhost",
          .recipient = "me@example.com",
          .subject = std::move(subject),
          .text = std::move(text),
          .id = "1",
          .time = from_milliseconds(1'000)};
}

TEST(Mail, OfPlainTextIsReadable) {
  const std::string bytes = write_mail(mail_of("Hello", "one\ntwo"));
  EXPECT_NE(bytes.find("\r\nSubject: Hello\r\n"), std::string::npos) << bytes;
  EXPECT_NE(bytes.find("\r\nDate: Thu, 01 Jan 1970 00:00:01 +0000\r\n"), std::string::npos) << bytes;
  EXPECT_TRUE(bytes.ends_with("\r\n\r\none\r\ntwo\r\n")) << bytes;
}

TEST(Mail, HeadersCannotBeAddedByASubject) {
  const std::string bytes = write_mail(mail_of("Hello\r\nBcc: you@example.com", "x"));
  EXPECT_EQ(bytes.find("Bcc"), std::string::npos) << bytes;
}

TEST(Mail, OfOtherTextIsEncoded) {
  const std::string bytes =
      write_mail(mail_of("Gr\xC3\xBC\xC3\x9F"
                         "e",
                         "\xC3\xA4" + std::string(2000, 'x')));
  EXPECT_NE(bytes.find("Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"), std::string::npos) << bytes;
  size_t at = 0;
  while (at < bytes.size()) {
    const size_t end = bytes.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    ASSERT_LE(end - at, 998u);
    at = end + 2;
  }
}

TEST(Replies, AreReadInAnyPieces) {
  const std::string bytes = "220 ready\r\n250-mail.example.com\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n451\r\n";
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    ReplyReader reader;
    std::vector<std::string> texts;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      auto reply = reader.feed(std::string_view(bytes).substr(at, piece));
      while (reply && *reply) {
        texts.push_back((*reply)->text());
        reply = reader.feed("");
      }
      ASSERT_TRUE(reply);
    }
    EXPECT_EQ(texts,
              (std::vector<std::string>{"220 ready", "250 mail.example.com AUTH PLAIN STARTTLS", "451 "}));
  }
}

TEST(Replies, ThatAreNoneEndTheConversation) {
  for (const std::string& wrong :
       {std::string("hello\r\n"), std::string("99 x\r\n"), std::string("250-a\r\n251 b\r\n"),
        std::string("250_x\n"), std::string(3000, '2')}) {
    EXPECT_FALSE(ReplyReader().feed(wrong)) << wrong.substr(0, 20);
  }
}

}  // namespace
}  // namespace holm::smtp
