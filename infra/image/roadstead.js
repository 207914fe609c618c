#!/usr/lib/roadstead/lib/node/bin/node --max-semi-space-size=2
// The command `roadstead` of the image, which has no shell: the kernel starts Node from the first line, so that the process
// itself gets signals. The option is the tarball's (infra/build/launcher/tarball.sh).
import('/usr/lib/roadstead/lib/roadstead.js');
