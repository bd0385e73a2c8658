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

// A body that is a blob as soon as a commit adopts it and brings this record: what makes it one needs no commit
// of its own then.
std::string blob_id_of(const NewBody& body);
Change blob_record_of(const std::string& blob_id);

}  // namespace holm::objects
