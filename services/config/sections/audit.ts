import { parsePlace } from '../../registry/audit/place.ts';
import { honoured, section } from '../key.ts';
import { onOff } from '../switch.ts';
import { Parsed } from '../values.ts';

/** The record of every change of state. */
export const AuditSection = section({
  enabled: onOff(
    'every change of state is recorded in the store, with its author and the rule that allowed it',
    'changes of state are not recorded',
    { from: 'ours', note: 'default: `true` with `auth`, unless that is `none`', example: false },
  ).optional(),
  oldsecretsuntil: honoured(
    Parsed(
      parsePlace,
      'expected a place of the record, as roadstead audit --verify prints it: 48211:9f86d0…',
    ).optional(),
    'the last record that a secret of http.oldsecrets sealed: later ones with such a seal are forged',
    { from: 'ours', example: `48211:${'0'.repeat(64)}` },
  ),
});
