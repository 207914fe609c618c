#!/bin/sh
# The command `roadstead` of the tarball and of what is made from it. It finds its files from its own place, through any
# symbolic links, and becomes the program: signals and sockets of a service manager are the program's own.
here=$(readlink -f -- "$0") || exit 1
lib=${here%/bin/*}/lib
# MiB of new objects after which V8 collects young garbage: buffers of blobs are freed early.
exec "$lib/node/bin/node" --max-semi-space-size=2 "$lib/roadstead.js" "$@"
