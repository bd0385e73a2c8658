// XML elements ↔ values of a shape, as restXml, query and ec2 write them.
// https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings
#pragma once

#include <string>
#include <string_view>

#include "aws/codec/bindings.h"
#include "aws/codec/codec_error.h"
#include "aws/schema/shape.h"

namespace holm::formats {
struct XmlElement;
class XmlWriter;
}  // namespace holm::formats

namespace holm::aws {

// Reads the content of `element` into `out`, a default-made value of `shape`. Unknown elements and
// attributes are ignored, text of the wrong type is an error.
CodecResult read_xml(const formats::XmlElement& element, const Shape& shape, void* out,
                     Bindings bindings = Bindings::Ignored);

// Writes the content of the element that is open in `writer`: attributes and members of a
// structure, the items of a list or map, or the text of anything else.
void write_xml(formats::XmlWriter& writer, const Shape& shape, const void* value,
               Bindings bindings = Bindings::Ignored);

}  // namespace holm::aws
