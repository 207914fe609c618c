import { resolve } from 'node:path';
import type { Config } from '../config/schema.ts';

/** The place of the content, for people: a directory, or a bucket or container with the prefix of its keys. */
export function placeOf({ storage: { objects } }: Config): string {
  switch (objects.driver) {
    case 'filesystem':
      return resolve(objects.rootDirectory);
    case 'swift': {
      const { container, prefix = '', credentials } = objects;
      return `swift://${[container, prefix].filter((part) => part !== '').join('/')} by ${credentials.authUrl}`;
    }
    case 's3': {
      const { bucket, endpoint = objects.region, rootDirectory } = objects;
      const path = [bucket, ...rootDirectory.split('/').filter((part) => part !== '')].join('/');
      return `s3://${path} at ${endpoint}`;
    }
  }
}
