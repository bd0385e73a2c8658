// What a delivery says, in the form its endpoint wants.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
#pragma once

#include <optional>
#include <string>

#include "services/sns/signer.h"
#include "services/sns/subscriptions.h"

namespace holm::sns {

struct Links {
  std::string base;         // Of the region's API, without a slash at the end.
  std::string certificate;  // A whole URL.
};

// A message that is signed. Blocks for the signature: for workers.
class Notice {
 public:
  Notice(const Delivery& delivery, const SubscriptionRow& subscription, const Attributes& topic, Links links,
         Signer& signer);

  // For HTTP and email-json.
  std::string document() const;
  // For functions.
  std::string lambda_event() const;
  // For e-mail.
  std::string mail_subject() const;
  std::string mail_text() const;

 private:
  std::string text_to_sign() const;
  std::string subscribe_url() const;
  std::string unsubscribe_url() const;
  std::string confirmation_text() const;
  bool is_notification() const { return delivery_.kind == "Notification"; }

  const Delivery& delivery_;
  const SubscriptionRow& subscription_;
  const Attributes& topic_;
  const Links links_;
  std::string timestamp_;
  std::string message_;
  std::string version_;  // Of the signature.
  std::string signature_;
};

}  // namespace holm::sns
