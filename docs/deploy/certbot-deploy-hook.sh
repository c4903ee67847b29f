#!/bin/sh
# Run by certbot when it has a new certificate: gives Stator a copy of the certificate that its group may read, and sends SIGHUP.
# certbot sets RENEWED_LINEAGE. STATOR_TLS is where the copies go.
set -eu

to="${STATOR_TLS:-/etc/stator/tls}"
install -d -m 0750 -g stator "$to"
for file in fullchain.pem privkey.pem; do
    # Written beside it and renamed: nobody reads half a file.
    install -m 0640 -g stator "$RENEWED_LINEAGE/$file" "$to/$file.new"
    mv "$to/$file.new" "$to/$file"
done
# Reloads Stator if it runs.
systemctl try-reload-or-restart stator
