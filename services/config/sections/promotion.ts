import { z } from 'zod';
import { honoured, sectionOf } from '../key.ts';
import { Pattern } from '../values.ts';
import { ListenerSection } from './tls.ts';

/** With this section, clients push candidates, and stable repositories change by promotion. */
export const PromotionSection = sectionOf('ours', {
  candidates: honoured(
    z.array(Pattern).min(1).prefault(['candidate/**']),
    'patterns of the repositories that clients push candidates to',
  ),
  stable: honoured(
    z.array(Pattern).min(1).optional(),
    'patterns of the repositories that change by promotion; clients may push to the rest. Default: all but candidates',
  ),
  http: ListenerSection(
    'the address of the release service, such as one of an internal network; default: http.addr',
  ).optional(),
});
