import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Statements, Transaction } from '../../kernel/background/effects.ts'
import { insertUsedId } from '../../storage/reads/queries/insert-used-id.ts'
import { runStatement } from '../../storage/postgres/statement/statement-client.ts'

/*
 * A challenge is 16 random bytes, the time at which it expires, and an HMAC of both and of its
 * binding under a key that is derived from SECRET_KEYS. So a request for a challenge stores
 * nothing, and visitors without an account cannot fill a table. The transaction that uses a
 * challenge stores its use, so that it is accepted once.
 */

/** The use of a challenge: a challenge for one use is refused for all others. */
export type ChallengeBinding =
  | { readonly purpose: 'sign-in' }
  | { readonly purpose: 'registration'; readonly account: string; readonly session: string }

const randomLength = 16
const timeLength = 6
const macLength = 32
const maxAgeMs = 300_000

/** Returns a new challenge in base64url. */
export function createChallenge({ sealer, clock }: Statements, binding: ChallengeBinding): string {
  const head = Buffer.alloc(randomLength + timeLength)
  randomBytes(randomLength).copy(head)
  head.writeUIntBE(clock.now() + maxAgeMs, randomLength, timeLength)
  return Buffer.concat([head, macOf(sealer.deriveKeys('passkey-challenge')[0]!, head, binding)]).toString(
    'base64url',
  )
}

/** Returns true if the service has created a challenge for this use, and it has not expired. */
export function isChallenge(
  { sealer, clock }: Statements,
  challenge: string,
  binding: ChallengeBinding,
): boolean {
  const bytes = Buffer.from(challenge, 'base64url')
  if (bytes.length !== randomLength + timeLength + macLength || bytes.toString('base64url') !== challenge)
    return false
  const head = bytes.subarray(0, randomLength + timeLength)
  const mac = bytes.subarray(-macLength)
  const isOurs = sealer
    .deriveKeys('passkey-challenge')
    .some((key) => timingSafeEqual(mac, macOf(key, head, binding)))
  return isOurs && head.readUIntBE(randomLength, timeLength) > clock.now()
}

/** Records the use of a challenge. Resolves to false if it was used before. */
export async function useChallenge(transaction: Transaction, challenge: string): Promise<boolean> {
  const id = hash('sha256', `passkey-challenge ${challenge}`, 'buffer')
  // Kept longer than a challenge is valid, because the clocks of processes differ.
  const [row] = await runStatement<object>(transaction, insertUsedId(id, 2 * maxAgeMs))
  return row !== undefined
}

function macOf(key: Uint8Array, head: Buffer, binding: ChallengeBinding): Buffer {
  const bound =
    binding.purpose === 'sign-in' ? [binding.purpose] : [binding.purpose, binding.account, binding.session]
  return createHmac('sha256', key).update(head).update(JSON.stringify(bound)).digest()
}
