// What a sandbox sees as its file system: read-only layers below, one writable layer of its own
// above.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holm::sandbox {

// An image is a stack of folders over a base. The folders are never written to.
struct Image {
  enum class Base {
    // The host's own /usr and a filtered /etc: allowlisted, no secret and no account of the host.
    Host,
    // Nothing: the layers hold the whole tree.
    Empty,
  };
  Base base = Base::Host;
  // Topmost first. Each has one folder a part (whiteouts as overlayfs writes them): `root`, and over
  // the host `usr`, `etc`, `var-lib-dpkg`, `var-lib-apt` too; with an empty base `root` is the whole
  // tree. The writable layer of a sandbox has the same form, so a copy of it is a layer (CreateImage).
  std::vector<std::string> layers;
};

// One mount of an image: `lower` folders (topmost first) shown at `path`, with `name` as folder of
// the upper.
struct ImagePart {
  std::string name;
  std::string path;
  std::vector<std::string> lower;
};

// Owns `<data_directory>/images`. Any thread after `open`.
class Images final {
 public:
  // Takes a filtered copy of /etc if there is none of its present content (tens of milliseconds),
  // and makes the skeleton of the root.
  static Result<Images> open(const std::string& data_directory);

  // What to mount for an image, in the order of mounting, the root first.
  std::vector<ImagePart> parts(const Image& image) const;

 private:
  Images(std::string skeleton, std::string usr_mask, std::string etc);
  std::vector<ImagePart> parts_of_host() const;

  std::string skeleton_;
  std::string usr_mask_;
  std::string etc_;
};

// Whether a file of the host's /etc may be shown to a guest: readable by everybody and not on the
// list of secrets and of things that identify the host. `path` is relative to /etc, `mode` as in
// stat(2).
bool is_shown_to_guests(std::string_view path, unsigned mode);

}  // namespace holm::sandbox
