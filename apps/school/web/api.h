// The JSON API under /api/v1 and the report of the function.
#pragma once

#include "kit/web.h"

namespace school {

struct School;

void add_session_api(kit::Routes& routes, School& school);
void add_people_api(kit::Routes& routes, School& school);
void add_yearbook_api(kit::Routes& routes, School& school);

// {"error":{"code","message","field"}}
kit::Response api_error(const kit::HttpError& error);

}  // namespace school
