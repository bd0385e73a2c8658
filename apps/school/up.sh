#!/bin/bash
# Brings the school up on this machine's region: packages it, uploads it, deploys template.yaml with a
# demonstration school, and prints where it is and how to log in. Again: brings it up to date.
# up.sh BUILD_DIR [OPTION...]   options are holm's own: --data, --listen, --edge, --region
# With SCHOOL_HTTPS=on the school is at an https:// address, and http:// leads there.
set -euo pipefail
if [ $# -lt 1 ]; then echo "usage: up.sh BUILD_DIR [--data DIR] [--listen A:P] [--edge A:P]" >&2; exit 2; fi
here=$(dirname "$(realpath "$0")")
build=$(realpath "$1")
shift

"$build/holm" up "$@"
exports=$("$build/holm" env "$@")
eval "$exports"
out=$build/school-packages
"$here/package.sh" "$build" "$out" >/dev/null

# A changed program has another key, so the stack sees a new version of it.
key_of() { local hash; hash=$(sha256sum "$1"); echo "school/${hash:0:16}/$(basename "$1")"; }
web=$(key_of "$out/school.tar.gz")
photo=$(key_of "$out/school-photo.zip")

"$build/holm" up "$here/template.yaml" "$@" --stack-name school --capability CAPABILITY_IAM \
  --upload "$out/school.tar.gz=s3://school-packages/$web" \
  --upload "$out/school-photo.zip=s3://school-packages/$photo" \
  --parameter BundleBucket=school-packages --parameter "BundleKey=$web" --parameter "FunctionKey=$photo" \
  --parameter DemoData=1 --secret DemoPassword:12 --secret DbPassword --secret CallbackSecret \
  --parameter ApiEndpoint=http://holm.internal:4566 --parameter "S3PublicEndpoint=$AWS_ENDPOINT_URL" \
  --parameter "SitePort=$HOLM_SITE_PORT" --parameter "Https=${SCHOOL_HTTPS:-off}" \
  --parameter "SecureSitePort=$HOLM_SECURE_SITE_PORT"
echo "Log in as admin, office, teacher, editor or pupil."
sed -n 's/^DemoPassword=/The password is /p' "$HOLM_DATA/secrets/school"
