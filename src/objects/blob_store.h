// blobs::Store on the object store: small blobs in the commit log, large ones in extents, every byte checked.
#pragma once

#include <memory>
#include <string>

#include "blobs/blobs.h"
#include "objects/store.h"

namespace holm::objects {

// Blobs that are made go into `store`, which outlives this. Those of `earlier`, the files that blobs used to
// be, are read and removed there; it may be null.
std::unique_ptr<blobs::Store> open_blob_store(Store& store, std::unique_ptr<blobs::Store> earlier);

}  // namespace holm::objects
