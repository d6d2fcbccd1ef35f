import DataLoader from 'dataloader'
import { HoldfastError } from './holdfast-error.ts'
import { identityOf, type Relation, type RelationContext, type RelationKey } from './relation.ts'

/**
 * Loads what a relation has for a key. Whatever is asked for in one turn, as by `Promise.all`, is read in one statement.
 *
 * @throws HoldfastError `relation-key-missing` where the key is null or undefined; whatever the relation's `missing` gives; what reading its rows throws, to all who wait for them.
 */
export type Load = <Key extends RelationKey, Loaded>(
  relation: Relation<Key, Loaded>,
  key: NoInfer<Key>,
) => Promise<Loaded>

/** How long what has been loaded is the answer for who asks again. */
export interface LoadOptions {
  /** Whether the call only reads. What a transaction has read may be changed by its next statement: it reads again. */
  readonly isReadOnly: boolean
}

/** Makes the `load` of one call, which shares nothing with that of another. */
export function createLoad(context: RelationContext<unknown, unknown>, { isReadOnly }: LoadOptions): Load {
  const loaders = new Map<Relation, Loader>()
  return (relation, key) => {
    if (isMissing(key)) return Promise.reject(keyMissing(relation.place))
    let loader = loaders.get(relation)
    if (!loader) {
      const created = createLoader(relation, context, () => {
        // Replaced, not cleared: where its statement fails, it forgets its own keys only, not what was asked for since.
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

/** The types of rows are declared, not checked: what a key is taken from may be null. */
function isMissing(key: unknown): boolean {
  return key === null || key === undefined
}

function keyMissing(place: string): HoldfastError {
  return new HoldfastError(
    'relation-key-missing',
    `The relation at ${place} was asked for a key that is null or undefined. Load only where there is a key; if the types say that there is one, the row that it was taken from is not of its declared type.`,
  )
}
