import type { ObjectStore } from '../../services/registry/storage/object-store.ts';
import { intercepted } from '../support/intercepted.ts';

/** What was asked of a store, by method. */
export interface Counted {
  readonly store: ObjectStore;
  readonly asked: Record<'stat' | 'read' | 'list' | 'putIfAbsent' | 'exists', number>;
}

/** A store whose requests are counted; `exists` are creations that came too late. */
export function counting(store: ObjectStore): Counted {
  const asked = { stat: 0, read: 0, list: 0, putIfAbsent: 0, exists: 0 };
  const counted = intercepted(store, ({ name, proceed }) => {
    if (name in asked) asked[name as 'stat']++;
    const result = proceed();
    if (name === 'putIfAbsent')
      void (result as Promise<string>).then(
        (outcome) => outcome === 'exists' && asked.exists++,
        () => 0,
      );
    return result;
  });
  return { store: counted, asked };
}
