// What a widget shows: the `properties` of each kind.
#pragma once

#include <string>
#include <vector>

#include "dashboards/body.h"
#include "formats/value.h"

namespace holm::dashboards {

// Fills in the widget, whose kind is known, and appends what is wrong.
void read_properties(const formats::Object& properties, const std::string& path, Widget& widget,
                     std::vector<Fault>& faults);

}  // namespace holm::dashboards
