/**
 * Loaded into a process before its own code (`node --import`), makes it collect all garbage on SIGUSR2: what it holds
 * then is in use, where V8 by itself would put a collection off for as long as there is memory.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
// Nothing may reach it: with the signal as its argument, V8 collects young objects only.
process.on('SIGUSR2', () => collect());
