/*
 * First import of the command: `npm ci` goes past a Node whose checksum is not the lock file's, or that it could not
 * fetch, without an error. Then another Node runs this.
 */
const OLDEST = 24;

const { node } = process.versions;
if (Number.parseInt(node, 10) < OLDEST) {
  process.stderr.write(
    `Roadstead needs Node ${OLDEST} or later; this is Node ${node} (${process.execPath}). \`npm ci\` installs the right ` +
      'one for Linux on x86-64 and arm64: run it again, and start with `npm start`.\n',
  );
  process.exit(1);
}
