import { z } from 'zod';
import { Delay } from '../duration.ts';
import { FRAMING, Headers } from '../headers.ts';
import { Count, CountOr, Switch } from '../values.ts';

const WEBHOOK = 'expected an http or https URL without user or fragment; credentials go into headers';
const WebhookUrl = z.string().transform((text, context): string => {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && !url.hash && !url.username && !url.password) return url.href;
  context.addIssue({ code: 'custom', message: WEBHOOK });
  return z.NEVER;
});

/** Zero stands for Distribution's default. */
function orDefault(ms: number, defaultMs: number): number {
  return ms === 0 ? defaultMs : ms;
}

const Endpoint = z
  .strictObject({
    name: z.string().min(1),
    disabled: Switch.optional(),
    url: WebhookUrl,
    headers: Headers({ ...FRAMING, host: 'it follows from the URL' }).default({}),
    timeout: Delay.prefault('1s'),
    threshold: CountOr(10, 1_000_000),
    backoff: Delay.prefault('1s'),
    ignoredmediatypes: z.array(z.string()).default([]),
    ignore: z
      .strictObject({
        mediatypes: z.array(z.string()).default([]),
        actions: z.array(z.enum(['pull', 'push', 'mount', 'delete'])).default([]),
      })
      .prefault({}),
    /** Ours: the most events in one POST; receivers made for Distribution may read only the first. */
    batchsize: Count(1, 1000).default(1),
    /** Ours: so many events wait for this endpoint at most. */
    queuelimit: Count(1, 10_000_000).default(100_000),
  })
  .transform(({ disabled: _, ignoredmediatypes, ignore, timeout, backoff, ...endpoint }) => ({
    ...endpoint,
    timeout: orDefault(timeout, 1000),
    backoff: orDefault(backoff, 1000),
    ignore: { ...ignore, mediatypes: [...new Set([...ignoredmediatypes, ...ignore.mediatypes])] },
  }));

/** Endpoints that are disabled were left out before: undefined stands in their place, so that the others keep theirs. */
const Endpoints = z
  .array(Endpoint.optional())
  .default([])
  .transform((endpoints) => endpoints.filter((endpoint) => endpoint !== undefined))
  .superRefine((endpoints, context) => {
    const names = endpoints.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice === undefined) return;
    context.addIssue({
      code: 'custom',
      message: `two are called ${twice}: expected a name that no other endpoint has`,
    });
  });

export const NotificationsSection = z
  .strictObject({
    events: z.strictObject({ includereferences: Switch.default(false) }).prefault({}),
    endpoints: Endpoints,
  })
  .prefault({})
  .transform(({ events, endpoints }) => ({ includereferences: events.includereferences, endpoints }));
