// XML as AWS protocols use it: elements, attributes, text, namespaces. No DTDs, no external
// entities.
#pragma once

#include "base/result.h"
#include "formats/value.h"

namespace holm::formats {

// Declarations of namespaces are no attributes.
struct XmlAttribute {
  std::string name;  // With its prefix, as written ("xsi:type").
  std::string value;
};

struct XmlElement {
  std::string name;  // Without a prefix.
  std::vector<XmlAttribute> attributes;
  std::string text;  // All character data directly inside, concatenated and unescaped.
  std::vector<XmlElement> children;
  const XmlElement* find(std::string_view child_name) const;
};

// Encodings are UTF-8, UTF-16, ISO-8859-1 and ASCII; strings come out as UTF-8.
Result<XmlElement, ParseError> parse_xml(std::string_view text, const Limits& limits = {});

// Writes one document into a string. Elements are closed in order.
class XmlWriter {
 public:
  // Starts with <?xml version="1.0" encoding="UTF-8"?> when asked for.
  enum class Declaration { None, Write };
  explicit XmlWriter(Declaration declaration = Declaration::None);
  // `xml_namespace` is declared on the element: as xmlns, or as xmlns:prefix when there is a
  // prefix.
  void open(std::string_view name, std::string_view xml_namespace = {},
            std::string_view prefix = {});
  void attribute(std::string_view name, std::string_view value);  // Directly after open().
  void text(std::string_view text);
  void close();
  void element(std::string_view name, std::string_view text);
  std::string take();  // The document; every element must be closed.

 private:
  // Where an element's name stands in what is written.
  struct Name {
    size_t start;
    size_t length;
  };

  void end_tag();
  std::string out_;
  std::vector<Name> open_;
  bool in_tag_ = false;
};

}  // namespace holm::formats
