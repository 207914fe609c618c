import { FilesystemStore } from '../../services/stores/filesystem/filesystem-store.ts';
import { type Death, Life } from './life.ts';
import { startProcess } from './process.ts';
import { RecordingStore } from './recording-store.ts';
import { SCENARIOS } from './scenarios/all.ts';
import { Stored } from './stored.ts';

/** Plays a scenario over a directory, and kills itself in earnest: `DIRECTORY TITLE DEATH MEMORY`, the last two as JSON. */
const [rootDirectory = '', title, death = '', memory = ''] = process.argv.slice(2);
const scenario = SCENARIOS.find((each) => each.title === title);
const life = new Life(JSON.parse(death) as Death, () => process.kill(process.pid, 'SIGKILL'));
const store = await FilesystemStore.open({ rootDirectory, sync: false });
const objects = new RecordingStore(store, life);
const { url, shutDown } = await startProcess(objects, life, {});
const world = {
  ...{ url, objects, shutDown, mirrorDirectory: '', accepted: () => [] },
  memory: new Map(JSON.parse(memory) as [string, string][]),
  stored: new Stored(),
};
for (const { act } of scenario?.steps ?? []) await act(world);
process.exit(0);
