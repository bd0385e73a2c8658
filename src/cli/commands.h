// The verbs of the command line. Each returns the process's exit code and says what went wrong on standard
// error.
#pragma once

#include <string>
#include <vector>

#include "region/options.h"

namespace holm::cli {

// The words after the verb, and the options every verb knows.
struct Arguments {
  region::Options options;
  std::vector<std::string> words;
};

int serve(const Arguments& arguments);
int anchor(const Arguments& arguments);
int up(const Arguments& arguments);
int down(const Arguments& arguments);
int env(const Arguments& arguments);
int status(const Arguments& arguments);
int exec(const Arguments& arguments);
int logs(const Arguments& arguments);
int fault(const Arguments& arguments);

// Whether a daemon answers on the data directory's lock; its process id, or 0.
int daemon_process_id(const region::Options& options);
// Says that root is needed, and answers whether this is root.
bool require_root();
// Waits for its end. What runs in sandboxes goes on.
void stop_daemon(const region::Options& options);
// Starts the daemon in the background unless it runs, and waits until it takes requests. One of another build
// of the program is replaced, at the addresses where it listens.
int ensure_daemon(const region::Options& options);

}  // namespace holm::cli
