#!/usr/bin/env python3
"""Generates the C++ of one service from its model, its operations.list and its sources.

Usage: generate.py SERVICE --services src/services --models BOTOCORE/data --patches models/patches --output build/gen
A file is written only when its text has changed. Exits with 1 and one line when the model or list is wrong."""
import argparse
import pathlib
import sys

import emit_schema
import emit_table
import emit_types
import honoured
import model as service_model
import operations_list


def sources(folder):
    """The texts of the service's own C++ files, without its tests."""
    return [path.read_text() for path in sorted(folder.glob("*"))
            if path.suffix in (".cc", ".h") and not path.stem.endswith(("_test", "_fuzz", "_bench"))]


def load(service, services, models, patches):
    """The parsed model of a service, cut down to its operations.list."""
    path = pathlib.Path(services) / service / "operations.list"
    listed = operations_list.parse(path.read_text(), path)
    raw = service_model.read_model(models, listed.model or service, patches)
    return service_model.Model(service, raw, listed)


def generate(service, services, models, patches):
    """The generated files of one service: name -> text."""
    folder = pathlib.Path(services) / service
    model = load(service, services, models, patches)
    schema = emit_schema.Schema(model, honoured.honoured_members(model, sources(folder)))
    tables = folder / "schema.sql"
    return {
        "types.h": emit_types.types(model),
        "operations.h": emit_types.operations(model),
        "errors.h": emit_types.errors(model),
        "schema.h": schema.declarations(),
        "schema.cc": schema.source(),
        "honoured.cc": schema.honoured_source(),
        "handlers.h": emit_table.handlers(model),
        "table.cc": emit_table.table(model),
        "migrations.h": emit_table.migrations_header(service),
        "migrations.cc": emit_table.migrations(service, tables.read_text() if tables.exists() else ""),
    }


def write(folder, files):
    """Writes those files whose text differs from what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("service")
    for option in ("services", "models", "patches", "output"):
        parser.add_argument(f"--{option}", required=True)
    options = parser.parse_args()
    try:
        files = generate(options.service, options.services, options.models, options.patches)
    except (service_model.ModelError, operations_list.ListError, emit_table.MigrationError) as error:
        print(f"codegen: {options.service}: {error}", file=sys.stderr)
        return 1
    write(pathlib.Path(options.output) / options.service, files)
    return 0


if __name__ == "__main__":
    sys.exit(main())
