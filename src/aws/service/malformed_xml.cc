// S3's error for a document that is none of its schema.

#include "aws/service/malformed_xml.h"

namespace holm::aws {

MalformedXml::MalformedXml() : MalformedXml("MalformedXML") {}

MalformedXml::MalformedXml(std::string_view code)
    : ServiceError(
          code, 400,
          "The XML you provided was not well-formed or did not validate against our published schema") {}

MalformedAcl::MalformedAcl() : MalformedXml("MalformedACLError") {}

}  // namespace holm::aws
