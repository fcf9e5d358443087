#!/bin/sh
# Start nginx with the names and networks of the environment: SERVER_NAMES, the names of the exchange, and
# STAFF_ALLOWED_NETWORKS, from where the back office can be reached (nowhere if it is empty). Both have commas or spaces.
set -eu
folder=${PROXY_FOLDER:-/tmp/proxy}
configuration=${PROXY_CONFIGURATION:-$(dirname "$0")/nginx.conf}
names=$(printf %s "${SERVER_NAMES:-}" | tr , ' ')
if ! printf %s "$names" | grep -Eq '^ *[A-Za-z0-9.-]+( +[A-Za-z0-9.-]+)* *$'; then
    echo "SERVER_NAMES must name the hosts of the exchange, such as exchange.example.org." >&2
    exit 1
fi
mkdir -p "$folder"
echo "server_name $names;" >"$folder/names.conf"
: >"$folder/staff.conf"
for network in $(printf %s "${STAFF_ALLOWED_NETWORKS:-}" | tr , ' '); do
    if ! printf %s "$network" | grep -Eq '^[0-9A-Fa-f.:]+(/[0-9]+)?$'; then
        echo "STAFF_ALLOWED_NETWORKS must have networks such as 10.1.0.0/16, not $network." >&2
        exit 1
    fi
    echo "$network 1;" >>"$folder/staff.conf"
done
exec nginx -c "$configuration" "$@"
