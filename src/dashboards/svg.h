// Elements of a picture.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "formats/xml.h"

namespace holm::dashboards {

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

// Writes into one document; classes are those of picture.cc's style.
class Svg final {
 public:
  Svg(double width, double height, std::string_view style) {
    xml_.open("svg", "http://www.w3.org/2000/svg");
    set("width", width);
    set("height", height);
    xml_.attribute("viewBox", fmt::format("0 0 {} {}", width, height));
    xml_.attribute("role", "img");
    xml_.element("style", style);
  }
  std::string take() {
    xml_.close();
    return xml_.take();
  }

  void rectangle(const Box& box, std::string_view kind, std::string_view color = {}) {
    xml_.open("rect");
    set("x", box.x);
    set("y", box.y);
    set("width", box.width);
    set("height", box.height);
    xml_.attribute("class", kind);
    if (!color.empty()) xml_.attribute("fill", color);
    xml_.close();
  }
  void line(double x1, double y1, double x2, double y2, std::string_view kind, std::string_view color = {}) {
    xml_.open("line");
    set("x1", x1);
    set("y1", y1);
    set("x2", x2);
    set("y2", y2);
    xml_.attribute("class", kind);
    if (!color.empty()) xml_.attribute("stroke", color);
    xml_.close();
  }
  // `data` as a path's d; a line, or an area where `fill` is a colour.
  void path(const std::string& data, std::string_view color, std::string_view fill = "none") {
    xml_.open("path");
    xml_.attribute("d", data);
    xml_.attribute("class", "curve");
    xml_.attribute("stroke", color);
    xml_.attribute("fill", fill);
    if (fill != "none") xml_.attribute("fill-opacity", "0.35");
    xml_.close();
  }
  void dot(double x, double y, std::string_view color) {
    xml_.open("circle");
    set("cx", x);
    set("cy", y);
    set("r", 2);
    xml_.attribute("fill", color);
    xml_.close();
  }
  void text(double x, double y, std::string_view text, std::string_view kind,
            std::string_view anchor = "start") {
    xml_.open("text");
    set("x", x);
    set("y", y);
    xml_.attribute("class", kind);
    if (anchor != "start") xml_.attribute("text-anchor", anchor);
    xml_.text(text);
    xml_.close();
  }

 private:
  void set(std::string_view name, double value) { xml_.attribute(name, fmt::format("{:.6g}", value)); }

  formats::XmlWriter xml_;
};

// `text` cut to about `width` pixels of small print.
inline std::string fitting(std::string_view text, double width) {
  constexpr double kCharacter = 6.2;
  const auto room = static_cast<size_t>(width > kCharacter ? width / kCharacter : 1);
  if (text.size() <= room) return std::string(text);
  size_t end = room - 1;
  // Not within a character of several bytes.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace holm::dashboards
