// What the administrator and the distribution say of units that nobody has enabled or disabled yet.
#pragma once

#include <string>

namespace holm::init {

enum class Preset { Enable, Disable, Ignore };

// By the first line that matches, of the files *.preset in /etc, /run, /usr/local/lib and /usr/lib under
// `root`, in the order of their names; one in a stronger folder hides those of its name. Without any: Enable.
// Lists of a template's instances are not read.
// https://www.freedesktop.org/software/systemd/man/latest/systemd.preset.html
Preset preset_of(const std::string& root, const std::string& unit);

}  // namespace holm::init
