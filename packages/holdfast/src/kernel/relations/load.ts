import DataLoader from 'dataloader'
import { HoldfastError } from '../base/holdfast-error.ts'
import { identityOf, type Relation, type RelationContext, type RelationKey } from './relation.ts'

/**
 * Loads a relation's row or rows for a key. Keys requested in the same turn of the event loop, as
 * with `Promise.all`, are read in one statement.
 *
 * @throws HoldfastError `relation-key-missing` if the key is null or undefined. Also throws the
 * error that the relation's `missing` returns. If reading the rows fails, all loads of that
 * statement throw the error.
 */
export type Load = <Key extends RelationKey, Loaded>(
  relation: Relation<Key, Loaded>,
  key: NoInfer<Key>,
) => Promise<Loaded>

/** Options of {@link createLoad}. */
export interface LoadOptions {
  /**
   * True if the call only reads. Loaded rows are then cached for the call. If false, any statement
   * may change the rows, so later loads read them again.
   */
  readonly isReadOnly: boolean
}

/** Creates the `load` of one call. Cached rows are not shared between calls. */
export function createLoad(context: RelationContext<unknown, unknown>, { isReadOnly }: LoadOptions): Load {
  const loaders = new Map<Relation, Loader>()
  return (relation, key) => {
    if (isMissing(key)) return Promise.reject(keyMissing(relation.definedAt))
    let loader = loaders.get(relation)
    if (!loader) {
      const created = createLoader(relation, context, () => {
        // The loader is replaced instead of cleared. If the statement fails, the old loader drops
        // its keys, but keys requested after the statement started are kept.
        if (!isReadOnly && loaders.get(relation) === created) loaders.delete(relation)
      })
      loader = created
      loaders.set(relation, loader)
    }
    return loader.load(key) as Promise<never>
  }
}

type Loader = DataLoader<RelationKey, unknown, unknown>

function createLoader(
  relation: Relation,
  context: RelationContext<unknown, unknown>,
  beforeRead: () => void,
): Loader {
  return new DataLoader(
    (keys) => {
      beforeRead()
      return relation.load(context, keys)
    },
    { cacheKeyFn: identityOf, maxBatchSize: relation.maxBatch },
  )
}

/** Row types are declared but not checked, so a key that was read from a row may be null. */
function isMissing(key: unknown): boolean {
  return key === null || key === undefined
}

function keyMissing(definedAt: string): HoldfastError {
  return new HoldfastError(
    'relation-key-missing',
    `The relation at ${definedAt} was loaded with a null or undefined key. Check for null before calling load. If the types exclude null, the row from which the key was read does not match its declared type.`,
  )
}
