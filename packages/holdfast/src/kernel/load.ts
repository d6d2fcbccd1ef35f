import DataLoader from 'dataloader'
import { identityOf, type Relation, type RelationContext, type RelationKey } from './relation.ts'

/**
 * Loads what a relation has for a key. Whatever is asked for in one turn, as by `Promise.all`, is read in one statement.
 *
 * @throws whatever the relation's `missing` gives; what reading its rows throws, to all who wait for them.
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
    let loader = loaders.get(relation)
    if (!loader) {
      loader = createLoader(relation, context, isReadOnly)
      loaders.set(relation, loader)
    }
    return loader.load(key) as Promise<never>
  }
}

type Loader = DataLoader<RelationKey, unknown, unknown>

function createLoader(
  relation: Relation,
  context: RelationContext<unknown, unknown>,
  isReadOnly: boolean,
): Loader {
  const loader: Loader = new DataLoader(
    (keys) => {
      if (!isReadOnly) loader.clearAll()
      return relation.load(context, keys)
    },
    { cacheKeyFn: identityOf, maxBatchSize: relation.maxBatch },
  )
  return loader
}
