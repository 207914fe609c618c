import { section } from '../key.ts';
import { onOff } from '../switch.ts';

/** The record of every change of state. */
export const AuditSection = section({
  enabled: onOff(
    'every change of state is recorded in the store, with its author and the rule that allowed it',
    'changes of state are not recorded',
    { from: 'ours', note: 'default: `true` with `auth`, unless that is `none`', example: false },
  ).optional(),
});
