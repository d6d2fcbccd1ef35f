import { keyIdOf } from './key-id.ts'
import { KeyRing, leafCount, widthFor } from './key-ring.ts'
import { timeOf } from './key.ts'

interface Database {
  sql(text: string, values?: unknown[]): Promise<unknown>
}

/** A key to store as if a call with this key had been answered. */
interface GivenKey {
  readonly service: string
  readonly key: string
  readonly scope?: string
  readonly fingerprint?: Buffer
  readonly status?: number
  readonly body?: string | null
}

const sevenDaysMs = 7 * 86_400_000

/** Stores an answer in the leaf that an attempt with the same key reads first. */
export async function storeKey(on: Database, given: GivenKey): Promise<void> {
  const { service, key, scope = '', fingerprint = Buffer.alloc(0), status = 200, body = null } = given
  const ring = new KeyRing({ width_ms: widthFor(sevenDaysMs), since_ms: 0, now_ms: Date.now(), epoch: 0 })
  const [leaf] = ring.locate(timeOf(key)).read
  await on.sql(
    `insert into holdfast.idempotency_keys_${leaf} (id, service, scope, key, fingerprint, status, headers, body)
     values ($1, $2, $3, $4, $5, $6, '{}', $7)`,
    [keyIdOf(service, scope, key), service, scope, key, fingerprint, status, body],
  )
}

/** Increases the age of all stored keys, or of one key. */
export async function ageKeys(on: Database, interval: string, key: string | null = null): Promise<void> {
  for (let leaf = 0; leaf < leafCount; leaf += 1)
    await on.sql(
      `update holdfast.idempotency_keys_${leaf} set created_at = created_at - $1::text::interval
       where $2::text is null or key = $2`,
      [interval, key],
    )
}
