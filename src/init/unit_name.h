// Names of units: what is a name, and the parts of one that comes from a template (`prefix@instance.suffix`).
#pragma once

#include <string>
#include <string_view>

namespace holm::init {

// 1 to 255 of the characters that systemd allows, ending in a known suffix (`.service`, `.target`, `.timer`
// …).
bool is_unit_name(std::string_view name);

// "school" becomes "school.service"; a name that has a suffix stays.
std::string with_suffix(std::string_view name);

// Without the dot: "service".
std::string_view suffix_of(std::string_view name);
// Everything before the suffix: "a@b" of "a@b.service".
std::string_view stem_of(std::string_view name);
// "a" of "a@b.service", the stem where there is no instance.
std::string_view prefix_of(std::string_view name);
// "b" of "a@b.service", empty of "a@.service" and "a.service".
std::string_view instance_of(std::string_view name);

// "a@.service": it can be started only with an instance.
bool is_template(std::string_view name);
// "a@.service" of "a@b.service", empty where there is no instance.
std::string template_of(std::string_view name);
// "a@b.service" of the template "a@.service".
std::string instantiate(std::string_view name, std::string_view instance);

// As %I: "-" stands for "/" and "\x2d" for the byte.
std::string unescape_name(std::string_view text);

}  // namespace holm::init
