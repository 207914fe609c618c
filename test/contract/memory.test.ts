import { MemoryAttempts } from '../../services/memory/attempts.ts';
import { MemoryChanges } from '../../services/memory/changes.ts';
import { MemoryLocks } from '../../services/memory/locks.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { describeAttempts } from './attempts.ts';
import { describeChanges } from './changes.ts';
import { describeFencing } from './fencing.ts';
import { describeLocks } from './locks.ts';
import { describeObjectStore } from './object-store.ts';

const openMemory = async () => {
  const store = new MemoryStore();
  return { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
};
// Other suites use it in place of a backend.
describeObjectStore('of the tests', openMemory, [describeFencing]);

describeChanges('within one process', async () => {
  const changes = new MemoryChanges();
  return { here: changes, there: changes, [Symbol.asyncDispose]: async () => undefined };
});

describeAttempts('within one process', async () => {
  const counts = new MemoryAttempts();
  return { here: counts, there: counts, shortestMs: 1000, [Symbol.asyncDispose]: async () => undefined };
});

describeLocks('within one process', async () => {
  const patienceMs = 300;
  const locks = new MemoryLocks({ patienceMs });
  return { here: locks, there: locks, patienceMs, [Symbol.asyncDispose]: async () => undefined };
});
