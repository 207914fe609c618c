import { z } from 'zod';
import { Delay } from '../duration.ts';
import { FRAMING, Headers } from '../headers.ts';
import { addProblem, honoured, section } from '../key.ts';
import { isDisabled, onOff, when } from '../switch.ts';
import { Count, CountOr, Parsed, plainUrl } from '../values.ts';

const WebhookUrl = Parsed(
  (text) => plainUrl(text)?.href,
  'expected an http or https URL without user or fragment; credentials go into headers',
  'https://hook.example.net/other',
);

const MediaTypes = z.array(z.string()).default([]);
const SECOND_MS = 1000;

const Endpoint = z
  .strictObject({
    name: honoured(z.string().min(1), 'the name of the endpoint; no two may have the same'),
    disabled: onOff('the endpoint is left out', 'the endpoint is used', {
      default: false,
    }).optional(),
    url: honoured(WebhookUrl, 'the URL that events are posted to'),
    headers: Headers({ ...FRAMING, host: 'it follows from the URL' }, 'sent with every event').default({}),
    timeout: honoured(Delay.prefault('1s'), 'time limit for an answer; 0 for the default', {
      example: '500ms',
    }),
    threshold: honoured(
      CountOr(10, 1_000_000),
      'this many failures in a row start a pause; 0 for the default',
      { example: 4 },
    ),
    backoff: honoured(
      Delay.prefault('1s'),
      'the length of the pause, which grows while failures continue; 0 for the default',
      { example: '2s' },
    ),
    ignoredmediatypes: honoured(MediaTypes, 'added to ignore.mediatypes'),
    ignore: section({
      mediatypes: honoured(MediaTypes, 'events of targets of these media types are not sent'),
      actions: honoured(
        z.array(z.enum(['pull', 'push', 'mount', 'delete'])).default([]),
        'events of these actions are not sent: pull, push, mount, delete',
      ),
    }),
    batchsize: honoured(
      Count(1, 1000).default(1),
      'the most events in one POST; Distribution sends one, and receivers made for it may read only the first',
      { from: 'ours' },
    ),
    queuelimit: honoured(
      Count(1, 10_000_000).default(100_000),
      'the most events that wait; beyond it, changes become dead letters, and pulls are dropped',
      { from: 'ours' },
    ),
  })
  .transform(({ disabled: _, ignoredmediatypes, ignore, timeout, backoff, ...endpoint }) => ({
    ...endpoint,
    timeout: timeout || SECOND_MS,
    backoff: backoff || SECOND_MS,
    ignore: { ...ignore, mediatypes: [...new Set([...ignoredmediatypes, ...ignore.mediatypes])] },
  }));

/** Disabled endpoints were dropped before: undefined is in their place, so that the others keep their numbers. */
const Endpoints = z
  .array(
    honoured(Endpoint.optional(), 'a URL that is notified of pulls, pushes, mounts and deletes', {
      decide: when(isDisabled, 'honoured', 'left out: disabled in the file'),
    }),
  )
  .default([])
  .transform((endpoints) => endpoints.filter((endpoint) => endpoint !== undefined))
  .superRefine((endpoints, context) => {
    const names = endpoints.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice === undefined) return;
    addProblem(context, [], `two endpoints are called ${twice}: expected a name that no other endpoint has`);
  });

export const NotificationsSection = section({
  events: section({
    includereferences: onOff(
      'events of a manifest list what it refers to',
      'events name only the manifest',
    ).default(false),
  }),
  endpoints: Endpoints,
}).transform(({ events, endpoints }) => ({ includereferences: events.includereferences, endpoints }));
