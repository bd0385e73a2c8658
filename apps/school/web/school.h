// Everything a request may use, built once at start.
#pragma once

#include <atomic>

#include "kit/metadata.h"
#include "web/config.h"
#include "web/events.h"
#include "web/form_groups.h"
#include "web/people.h"
#include "web/photos.h"
#include "web/sessions.h"
#include "web/yearbook.h"

namespace school {

struct School {
  School(Config settings, kit::CredentialSource& credentials)
      : config(std::move(settings)),
        writer(config.writer),
        reader(config.reader),
        s3(config.s3, credentials),
        sessions(writer),
        people(writer),
        form_groups(writer),
        yearbooks(writer, reader),
        photos(writer, yearbooks, s3, config.media_bucket),
        events(writer) {}

  Config config;
  kit::InstanceIdentity instance;
  // The tables are there; until then every page but the health check answers 503.
  std::atomic<bool> is_ready = false;
  kit::Database writer;
  kit::Database reader;
  kit::S3 s3;
  Sessions sessions;
  People people;
  FormGroups form_groups;
  Yearbooks yearbooks;
  Photos photos;
  Events events;
};

constexpr char kVersion[] = "1.0.0";

}  // namespace school
