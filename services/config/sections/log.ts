import { z } from 'zod';
import { honoured, noEffect, refused, section } from '../key.ts';
import { isMapping } from '../mapping.ts';
import { isDisabled, onOff, Switch, when } from '../switch.ts';
import { Text } from '../values.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** A level, in any case. Distribution, too, refuses Logrus' other levels (`fatal`, `panic`, `warning`). */
const Level = z.preprocess(
  (value) => (typeof value === 'string' ? value.toLowerCase() : value),
  z.enum(LEVELS, `expected one of ${LEVELS.join(', ')}`),
);

export const LogSection = section({
  // Without a default in the type: `loglevel` comes first.
  level: honoured(Level.optional(), 'the lowest level that is logged: debug, info, warn or error', {
    default: 'info',
  }),
  formatter: honoured(
    z.enum(['json', 'text', 'logstash']).default('json'),
    "json, text or logstash; Distribution's own default is text",
  ),
  fields: z.record(z.string(), honoured(Text, 'added to every line of the log')).default({}),
  accesslog: section({
    disabled: onOff('requests are not logged', 'each request is logged, in one line').default(false),
    format: honoured(
      z.enum(['structured', 'combined']).default('structured'),
      "structured: a request's line is like every other; combined: it is a line of Apache's combined log",
      { from: 'ours', example: 'combined' },
    ),
  }),
  reportcaller: noEffect(
    Switch.optional(),
    'a line of the log says what happened and to what, not which line of code wrote it',
    { from: '3' },
  ),
  hooks: refused(
    'this registry sends no mail: collect the log (journald, Vector, Loki), alert there, and remove the hooks',
    {
      note: 'no effect when all of them are disabled',
      decide: when(
        (hooks) => Array.isArray(hooks) && hooks.every(isDisabled),
        'no effect',
        'disabled in the file',
      ),
      below: {
        '2.8, 3':
          '*.type *.disabled *.levels *.options.from *.options.to *.options.smtp.addr ' +
          '*.options.smtp.username *.options.smtp.password *.options.smtp.insecure',
      },
    },
  ),
});

export const LogLevel = honoured(Level.optional(), 'the old name of log.level', {
  decide: when(
    (_, { log }) => isMapping(log) && 'level' in log,
    'no effect',
    'the old name of log.level, which is set and takes precedence',
  ),
});
