#!/usr/bin/env node
/*
 * The command `roadstead` of the npm package and of a clone, in a language that Node 12 reads: any Node may come first on
 * the PATH. It runs the program with this Node if that is new enough, else with the one that npm installed here.
 */
const fs = require('fs');
const path = require('path');
const OLDEST = 24;
// MiB of new objects after which V8 collects young garbage: buffers of blobs are freed early.
const FLAGS = ['--max-semi-space-size=2'];
const HERE = path.dirname(fs.realpathSync(__filename));
const BUNDLE = path.join(HERE, '../lib/roadstead.js');
const SOURCES = path.join(HERE, '../../../services/cli/main.ts');
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

const program = fs.existsSync(BUNDLE) ? BUNDLE : SOURCES;
if (program === SOURCES && /[\\/]node_modules[\\/]/.test(SOURCES))
  refuse(
    'Roadstead cannot run from sources below node_modules: in a clone, run `npm ci && npm run build`, and install dist/roadstead-*.tgz.',
  );
const node = parseInt(process.versions.node, 10) >= OLDEST ? process.execPath : installedNode();
if (node === undefined)
  refuse(
    `Roadstead needs Node ${OLDEST} or later; this is Node ${process.versions.node} (${process.execPath}). Install it, or ` +
      'on Linux with glibc let npm install the optional dependencies: they bring one.',
  );
const args = FLAGS.concat(program, process.argv.slice(2));
// The same process becomes the program: signals, the terminal and sockets passed by a service manager are its own.
if (typeof process.execve === 'function') process.execve(node, [node].concat(args), process.env);
else runChild();

function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** The Node that npm put below this package, or next to it; never one from directories further up. */
function installedNode() {
  const root = program === BUNDLE ? path.join(HERE, '..') : path.join(HERE, '../../..');
  const places = [path.join(root, 'node_modules')];
  if (path.basename(path.dirname(root)) === 'node_modules') places.push(path.dirname(root));
  return places
    .map((place) => path.join(place, `node-linux-${process.arch}/bin/node`))
    .find((file) => fs.existsSync(file));
}

/** For a Node without execve: passes signals on, and ends as the program ends. */
function runChild() {
  const child = require('child_process').spawn(node, args, { stdio: 'inherit' });
  child.on('error', (error) =>
    refuse(`Roadstead cannot run ${node} (${error.code}): install Node ${OLDEST} or later.`),
  );
  SIGNALS.forEach((signal) => {
    // Ctrl-C reaches the program twice, which knows that.
    process.on(signal, () => child.kill(signal));
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    SIGNALS.forEach((name) => {
      process.removeAllListeners(name);
    });
    process.kill(process.pid, signal);
  });
}
