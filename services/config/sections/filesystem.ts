import { z } from 'zod';
import { Delay } from '../duration.ts';
import { honoured, noEffect } from '../key.ts';
import { onOff } from '../switch.ts';
import { File } from '../values.ts';

/** `storage.filesystem`, in the driver's words. */
export const FilesystemSection = z
  .strictObject({
    rootdirectory: honoured(
      File.default('/var/lib/registry'),
      "the directory of all content, in Distribution's layout",
    ),
    maxthreads: noEffect(
      z.union([z.int(), z.string().regex(/^\d+$/)], 'expected a whole number').optional(),
      'the variable UV_THREADPOOL_SIZE sets how many file operations run at once; 64 without it',
      { example: 50 },
    ),
    sync: onOff(
      'files and directories are synced before the client gets its answer',
      'a crash of the machine may lose content that clients believe is stored',
      { from: 'ours' },
    ).default(true),
    calltimeout: honoured(
      Delay.prefault('30s').refine((ms) => ms > 0, 'expected a duration above 0'),
      'time limit for one call to the file system, after which clients get 503; ten times that for syncing',
      { from: 'ours' },
    ),
  })
  .transform(({ rootdirectory, sync, calltimeout }) => ({
    driver: 'filesystem' as const,
    rootDirectory: rootdirectory,
    sync,
    callTimeoutMs: calltimeout,
  }));
