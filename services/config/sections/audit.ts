import { z } from 'zod';
import { parsePlace } from '../../registry/audit/place.ts';
import type { SecretEnd } from '../../registry/audit/seal.ts';
import { honoured, section } from '../key.ts';
import { onOff } from '../switch.ts';
import { Parsed } from '../values.ts';

const SecretEndValue = Parsed(
  (text): SecretEnd | undefined => (text === 'in-use' ? text : parsePlace(text)),
  'expected a place of the record, as roadstead audit --verify prints it (48211:9f86d0…), or in-use',
);

/** The record of every change of state. */
export const AuditSection = section({
  enabled: onOff(
    'every change of state is recorded in the store, with its author and the rule that allowed it',
    'changes of state are not recorded',
    { from: 'ours', note: 'default: `true` with `auth`, unless that is `none`', example: false },
  ).optional(),
  oldsecretsuntil: honoured(
    z.array(SecretEndValue).default([]),
    'for each of http.oldsecrets, in their order, the last record that it sealed: later ones with such a seal are forged; ' +
      '`in-use` while nodes change the secret',
    { from: 'ours', example: [`48211:${'0'.repeat(64)}`] },
  ),
});
