// The shapes that have no constraints of their own, one a kind.

#include "aws/schema/shape.h"

namespace holm::aws {

constinit const Shape kBoolean{.kind = Kind::Boolean, .name = "Boolean"};
constinit const Shape kInteger{.kind = Kind::Integer, .name = "Integer"};
constinit const Shape kLong{.kind = Kind::Long, .name = "Long"};
constinit const Shape kFloat{.kind = Kind::Float, .name = "Float"};
constinit const Shape kDouble{.kind = Kind::Double, .name = "Double"};
constinit const Shape kString{.kind = Kind::String, .name = "String"};
constinit const Shape kBlob{.kind = Kind::Blob, .name = "Blob"};
constinit const Shape kStream{.kind = Kind::Stream, .name = "Stream"};
constinit const Shape kTimestamp{.kind = Kind::Timestamp, .name = "Timestamp"};
constinit const Shape kDocument{.kind = Kind::Document, .name = "Document"};
constinit const Shape kNothing{.kind = Kind::Structure, .name = "Nothing"};

}  // namespace holm::aws
