#!/bin/sh
# Start the server with the accounts of accounts.acl. Each password is in VALKEY_<ROLE>_PASSWORD; the server keeps only
# its hash. What follows on the command line are settings of the server, such as --appendonly yes.
set -eu
umask 077
here=$(dirname "$0")
accounts=$(mktemp "${ACCOUNTS_FOLDER:-/tmp}/accounts.XXXXXX")
cp "$here/accounts.acl" "$accounts"
for role in ENGINE WEB API WORKER MONITORING; do
    eval "password=\${VALKEY_${role}_PASSWORD:-}"
    if [ -z "$password" ]; then
        echo "VALKEY_${role}_PASSWORD is not set." >&2
        exit 1
    fi
    hash=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)
    sed -i "s/#${role}_SHA256/#$hash/" "$accounts"
    unset "VALKEY_${role}_PASSWORD"
done
exec "${VALKEY_SERVER:-redis-server}" --aclfile "$accounts" "$@"
