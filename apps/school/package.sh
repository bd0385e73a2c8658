#!/bin/bash
# Makes the two packages that template.yaml deploys: OUT_DIR/school.tar.gz (the web program) and
# OUT_DIR/school-photo.zip (the function, its program named bootstrap).
# package.sh [--carry-libraries] BUILD_DIR OUT_DIR
# With --carry-libraries both hold the shared libraries they need, the C library and the loader
# included, so that they also run on an image without them, as AWS's own.
set -euo pipefail
carry=no
if [ "${1:-}" = --carry-libraries ]; then carry=yes; shift; fi
if [ $# -ne 2 ]; then echo "usage: package.sh [--carry-libraries] BUILD_DIR OUT_DIR" >&2; exit 2; fi
build=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# place PROGRAM NAME FOLDER
place() {
  mkdir -p "$3"
  if [ "$carry" = no ]; then
    strip --strip-unneeded -o "$3/$2" "$1"
    chmod 755 "$3/$2"
    return
  fi
  mkdir -p "$3/lib"
  strip --strip-unneeded -o "$3/lib/$2.bin" "$1"
  chmod 755 "$3/lib/$2.bin"
  ldd "$1" | awk '/=> \//{print $3} $1 ~ /^\/lib.*ld-linux/{print $1}' | sort -u |
    xargs -I{} cp -L {} "$3/lib/"
  # The C library loads these by name when it resolves hosts.
  cp -L /lib/x86_64-linux-gnu/libnss_{dns,files}.so.2 /lib/x86_64-linux-gnu/libresolv.so.2 "$3/lib/"
  printf '#!/bin/sh\nhere=$(dirname "$0")\nexec "$here/lib/ld-linux-x86-64.so.2" %s "$@"\n' \
    "--library-path \"\$here/lib\" \"\$here/lib/$2.bin\"" >"$3/$2"
  chmod 755 "$3/$2"
}

place "$build/school" school "$work/web"
place "$build/school_photo" bootstrap "$work/photo"
# The same programs make the same bytes, so that a package's hash says whether it is a new version.
tar -C "$work/web" --owner=0 --group=0 --sort=name --mtime=@315576000 -c . | gzip -n >"$out/school.tar.gz"
rm -f "$out/school-photo.zip"
find "$work/photo" -exec touch -d @315576000 {} +
(cd "$work/photo" && find . -type f | sort | TZ=UTC zip -qX "$out/school-photo.zip" -@)
ls -l "$out/school.tar.gz" "$out/school-photo.zip"
