// S3's error for a document that is none of its schema, which handlers find out as well as parsers.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
#pragma once

#include <string_view>

#include "aws/service/error.h"

namespace holm::aws {

class MalformedXml : public ServiceError {
 public:
  MalformedXml();

 protected:
  // For the documents that have a code of their own and the same sentence.
  explicit MalformedXml(std::string_view code);
};

class MalformedAcl final : public MalformedXml {
 public:
  MalformedAcl();
};

}  // namespace holm::aws
