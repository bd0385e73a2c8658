#!/bin/bash
# Starts a MariaDB of its own, a stand-in for S3 and Lambda, the school with demonstration data and
# its function on this machine, then runs the command given (or waits). All of it ends with it.
# try.sh BUILD_DIR [COMMAND...]
set -euo pipefail
build=$(realpath "$1"); shift
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
pids=()
finish() { kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"; }
trap finish EXIT

owner=$(id -un); if [ "$owner" = root ]; then owner=mysql; chown mysql "$work"; fi
mariadb-install-db --no-defaults --user="$owner" --datadir="$work/data" \
  --auth-root-authentication-method=normal --skip-test-db >/dev/null
mariadbd --no-defaults --user="$owner" --datadir="$work/data" --socket="$work/socket" \
  --port=15003 --bind-address=127.0.0.1 2>"$work/database.log" &
pids+=($!)
client() { mariadb --no-defaults --socket="$work/socket" "$@"; }
until client -e 'SELECT 1' >/dev/null 2>&1; do sleep 0.1; done
client -e "CREATE DATABASE ebdb CHARACTER SET utf8mb4;
           CREATE USER school@'%' IDENTIFIED BY 'database-password';
           GRANT ALL ON ebdb.* TO school@'%';"

export PORT=15000 RDS_HOSTNAME=127.0.0.1 RDS_PORT=15003 RDS_DB_NAME=ebdb RDS_USERNAME=school
export RDS_PASSWORD=database-password MEDIA_BUCKET=media CALLBACK_SECRET=callback-secret-0001
export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=secret
export AWS_ENDPOINT_URL=http://127.0.0.1:15001 S3_PUBLIC_ENDPOINT=http://127.0.0.1:15001
export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1
export AWS_LAMBDA_RUNTIME_API=127.0.0.1:15001 CALLBACK_URL=http://127.0.0.1:15000
export SCHOOL_DEMO=1 SCHOOL_DEMO_PASSWORD=${SCHOOL_PASSWORD:=correct-horse} SCHOOL_PASSWORD
export SCHOOL_URL=http://127.0.0.1:15000
python3 "$here/fake_aws.py" 15001 & pids+=($!)
"$build/school" & pids+=($!)
until curl -sf "$SCHOOL_URL/readyz" >/dev/null; do sleep 0.1; done
"$build/school_photo" & pids+=($!)
if [ $# -gt 0 ]; then "$@"; else echo "$SCHOOL_URL (admin, office, teacher, editor, pupil)"; wait; fi
