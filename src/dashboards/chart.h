// Lines and areas over time, with their axes and legend.
#pragma once

#include <string>
#include <vector>

#include "dashboards/picture.h"
#include "dashboards/svg.h"

namespace holm::dashboards {

// The colour of each series: that of its line if it asks for one, else the next.
std::vector<std::string> colors_of(const Widget& widget, const std::vector<Series>& series);
// Into `box`; `start` < `end`, in seconds since 1970.
void draw_chart(Svg& svg, const Box& box, const Widget& widget, const std::vector<Series>& series,
                int64_t start, int64_t end);
// A row of names and colours at the foot of `box`; what is left above.
Box draw_legend(Svg& svg, Box box, const std::vector<Series>& series, const std::vector<std::string>& colors);

}  // namespace holm::dashboards
