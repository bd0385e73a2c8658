#!/usr/bin/env python3
"""Makes the folder of a new service from a template, and its line in src/services/CMakeLists.txt.

Usage: new_service.py NAME (the model's name in botocore: sqs, dynamodb, sns)"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

FILES = {
    "README.md": """# {name}

What is served, what differs from AWS and why.

## Kept and returned, without effect

Properties that on AWS change the price, the hardware underneath or a description.
""",
    "operations.list": "# One operation a line; the grammar is in codegen/operations_list.py.\n",
    "schema.sql": """-- The tables of {name}; all rows are keyed by account and region.
-- migration 1
""",
    "service.h": """// What the handlers of {name} share.
#pragma once

#include "aws/service/service.h"

namespace holm::{name} {{

// One for all accounts and regions; handlers are free functions that take it. Any thread.
class Service final : public aws::ServiceBase {{
 public:
  Service();
}};

}}  // namespace holm::{name}
""",
    "service.cc": """// The start of {name}.

#include "services/{name}/service.h"

namespace holm::{name} {{

Service::Service() = default;

}}  // namespace holm::{name}
""",
}


def main():
    if len(sys.argv) != 2 or not re.fullmatch(r"[a-z][a-z0-9_]*", sys.argv[1]):
        sys.exit(__doc__)
    name = sys.argv[1]
    folder = ROOT / "src" / "services" / name
    if folder.exists():
        sys.exit(f"{folder.relative_to(ROOT)} exists")
    folder.mkdir()
    for file, text in FILES.items():
        (folder / file).write_text(text.format(name=name))
    listing = ROOT / "src" / "services" / "CMakeLists.txt"
    listing.write_text(listing.read_text().rstrip("\n") + f"\nservice({name})\n")
    print(f"src/services/{name}: now list operations, write their handlers, and add the service in src/region.")


if __name__ == "__main__":
    main()
