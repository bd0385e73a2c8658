// All routes, and what happens around each request: errors, headers, the log.
#pragma once

#include "kit/web.h"

namespace school {

struct School;

class Site final {
 public:
  explicit Site(School& school);

  // Never throws. Any thread.
  kit::Response handle(const kit::Request& request) const;

 private:
  kit::Response answer(const kit::Request& request) const;
  kit::Response problem(const kit::Request& request, const kit::HttpError& error) const;

  School& school_;
  kit::Routes routes_;
};

}  // namespace school
