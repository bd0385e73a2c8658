// XML: a reader over expat that builds a tree, and a writer.

#include "formats/xml.h"

#include <expat.h>

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "base/strings.h"

namespace holm::formats {

namespace {

// Stands in no XML document, so it can part the names expat reports: address, local name, prefix.
constexpr char kSeparator = '\x01';
constexpr size_t kChunkBytes = 1u << 20;

// Collects what expat reports. expat calls back from within XML_Parse on the caller's thread.
class Reader {
 public:
  explicit Reader(const Limits& limits)
      : limits_(limits), parser_(XML_ParserCreateNS(nullptr, kSeparator), &XML_ParserFree) {
    XML_Parser parser = parser_.get();
    CHECK(parser != nullptr);
    XML_SetReturnNSTriplet(parser, 1);
    XML_SetUserData(parser, this);
    XML_SetElementHandler(parser, &Reader::on_start, &Reader::on_end);
    XML_SetCharacterDataHandler(parser, &Reader::on_text);
    XML_SetStartDoctypeDeclHandler(parser, &Reader::on_doctype);
  }

  Result<XmlElement, ParseError> read(std::string_view text) {
    if (text.size() > limits_.bytes)
      return std::unexpected(ParseError{"The text is too long.", {}});
    while (true) {
      const size_t count = std::min(text.size(), kChunkBytes);
      const bool is_last = count == text.size();
      const auto status =
          XML_Parse(parser_.get(), text.data(), static_cast<int>(count), is_last ? 1 : 0);
      if (status != XML_STATUS_OK) return std::unexpected(error());
      if (is_last) return std::move(root_);
      text.remove_prefix(count);
    }
  }

 private:
  static Reader& self(void* data) { return *static_cast<Reader*>(data); }

  static void on_start(void* data, const char* name, const char** attributes) {
    self(data).start(name, attributes);
  }
  static void on_end(void* data, const char*) { self(data).open_.pop_back(); }
  static void on_text(void* data, const char* text, int size) {
    self(data).open_.back()->text.append(text, static_cast<size_t>(size));
  }
  static void on_doctype(void* data, const char*, const char*, const char*, int) {
    self(data).refuse("A document type declaration is not allowed.");
  }

  void start(const char* name, const char** attributes) {
    if (static_cast<int>(open_.size()) >= limits_.depth)
      return refuse("The text is nested too deeply.");
    if (++values_ > limits_.values) return refuse("The text holds too many elements.");
    // A parent does not grow while a child is open, so the pointers stay good.
    XmlElement& element = open_.empty() ? root_ : open_.back()->children.emplace_back();
    element.name = split_name(name).local;
    for (; *attributes; attributes += 2) {
      if (++values_ > limits_.values) return refuse("The text holds too many elements.");
      Name parts = split_name(attributes[0]);
      std::string written = parts.prefix.empty() ? "" : std::string(parts.prefix) + ":";
      written += parts.local;
      element.attributes.push_back({std::move(written), attributes[1]});
    }
    open_.push_back(&element);
  }

  struct Name {
    std::string_view local;
    std::string_view prefix;
  };
  static Name split_name(std::string_view name) {
    const std::vector<std::string_view> parts = split(name, kSeparator);
    if (parts.size() == 1) return {.local = parts[0], .prefix = {}};
    return {.local = parts[1], .prefix = parts.size() > 2 ? parts[2] : std::string_view{}};
  }

  void refuse(std::string message) {
    if (refusal_.empty()) refusal_ = std::move(message);
    XML_StopParser(parser_.get(), XML_FALSE);
    // expat may still report the end of the element it stands in.
    XML_SetElementHandler(parser_.get(), nullptr, nullptr);
    XML_SetCharacterDataHandler(parser_.get(), nullptr);
  }

  ParseError error() const {
    XML_Parser parser = parser_.get();
    const Place place{static_cast<int>(XML_GetCurrentLineNumber(parser)),
                      static_cast<int>(XML_GetCurrentColumnNumber(parser)) + 1};
    if (!refusal_.empty()) return {refusal_, place};
    return {"This is not XML: " + std::string(XML_ErrorString(XML_GetErrorCode(parser))) + ".",
            place};
  }

  Limits limits_;
  std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)> parser_;
  XmlElement root_;
  std::vector<XmlElement*> open_;
  size_t values_ = 0;
  std::string refusal_;
};

void append_character_reference(std::string& out, unsigned char byte) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  out += "&#x";
  if (byte >= 16) out += kHex[byte >> 4];
  out += kHex[byte & 15];
  out += ';';
}

bool is_plain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '&' && c != '<' && c != '>' && c != '"';
}

void append_special(std::string& out, char c) {
  switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    default: append_character_reference(out, static_cast<unsigned char>(c));
  }
}

// Control characters are written as references, as S3 does for keys that hold them.
void append_escaped(std::string& out, std::string_view text, std::string_view literal_controls) {
  while (!text.empty()) {
    const auto special = std::ranges::find_if_not(text, is_plain);
    const auto plain_bytes = static_cast<size_t>(special - text.begin());
    out += text.substr(0, plain_bytes);
    if (special == text.end()) return;
    if (literal_controls.contains(*special)) {
      out += *special;
    } else {
      append_special(out, *special);
    }
    text.remove_prefix(plain_bytes + 1);
  }
}

}  // namespace

const XmlElement* XmlElement::find(std::string_view child_name) const {
  for (const XmlElement& child : children) {
    if (child.name == child_name) return &child;
  }
  return nullptr;
}

Result<XmlElement, ParseError> parse_xml(std::string_view text, const Limits& limits) {
  return Reader(limits).read(text);
}

XmlWriter::XmlWriter(Declaration declaration) {
  if (declaration == Declaration::Write) out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
}

void XmlWriter::end_tag() {
  if (in_tag_) out_ += '>';
  in_tag_ = false;
}

void XmlWriter::open(std::string_view name, std::string_view xml_namespace,
                     std::string_view prefix) {
  end_tag();
  out_ += '<';
  open_.push_back({out_.size(), name.size()});
  out_ += name;
  in_tag_ = true;
  if (xml_namespace.empty()) return;
  attribute(prefix.empty() ? "xmlns" : "xmlns:" + std::string(prefix), xml_namespace);
}

void XmlWriter::attribute(std::string_view name, std::string_view value) {
  CHECK(in_tag_);
  out_ += ' ';
  out_ += name;
  out_ += "=\"";
  append_escaped(out_, value, "");
  out_ += '"';
}

void XmlWriter::text(std::string_view text) {
  CHECK(!open_.empty());
  if (text.empty()) return;
  end_tag();
  append_escaped(out_, text, "\n\t");
}

void XmlWriter::close() {
  CHECK(!open_.empty());
  if (in_tag_) {
    out_ += "/>";
    in_tag_ = false;
  } else {
    out_ += "</";
    out_.append(out_, open_.back().start, open_.back().length);
    out_ += '>';
  }
  open_.pop_back();
}

void XmlWriter::element(std::string_view name, std::string_view text) {
  open(name);
  this->text(text);
  close();
}

std::string XmlWriter::take() {
  CHECK(open_.empty());
  return std::move(out_);
}

}  // namespace holm::formats
