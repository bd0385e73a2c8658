// Reads some members: request.box, request->key; never .ignored.
bool read(const Request& request) { return request.refused && request.box == R"(.min_size)" && item->kind; }
Answer answer() { return {.secret = "not read"}; }
