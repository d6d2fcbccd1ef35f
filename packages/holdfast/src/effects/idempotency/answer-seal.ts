import { hash } from 'node:crypto'
import type { Answer } from '../../kernel/operation/answer.ts'
import { withCause } from '../../kernel/problem/problem.ts'
import type { SecretKeySource } from '../../platform/secret-keys/open-secret-keys.ts'
import type { Sealing } from '../../kernel/host/sealer.ts'
import type { KeyClaim } from './key-claim.ts'
import { IdempotencyAnswerUnreadable } from './problems.ts'
import type { AnswerRow } from './queries/answers.ts'

/*
 * The stored form of a sealed answer. The idempotency key is a part of the encryption key, and the
 * row has only a hash of it. So the database and the secret keys are not enough to read the answer:
 *
 *   key          sha256: and the hash of the key
 *   fingerprint  the byte 2: the row is sealed. The fingerprint of the request is in the seal,
 *                because a request such as a sign-in can be guessed from its hash
 *   status       as sent
 *   headers      {}
 *   body         sealed: fingerprint, headers, cookies and body
 */

/** The fingerprint column of a sealed row. Other fingerprints begin with the byte 1. */
const sealedMark = Buffer.of(2)

/** A stored answer, with the fingerprint of its request. */
export interface OpenedAnswer {
  readonly fingerprint: Buffer
  readonly answer: Answer
}

/** The columns that seal an answer. */
export interface SealedColumns {
  readonly key: string
  readonly fingerprint: Buffer
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The sealed data. */
type Sealed = readonly [
  fingerprint: string,
  headers: Readonly<Record<string, string>>,
  cookies: readonly string[],
  body: string | null,
]

/** Seals stored answers, and opens them. */
export class AnswerSeal {
  readonly #source: SecretKeySource

  constructor(source: SecretKeySource) {
    this.#source = source
  }

  /**
   * Checks that there are secret keys. Called when a service with sealed answers starts.
   *
   * @throws HoldfastError `configuration-invalid`.
   */
  requireKeys(operation: string): void {
    this.#source(`the sealed answers of ${operation}`)
  }

  /** Returns the columns of a sealed answer. `headers` are the headers to store. */
  seal(answer: Answer, headers: Readonly<Record<string, string>>, claim: KeyClaim): SealedColumns {
    const { cookies = [], body, status } = answer
    const sealed: Sealed = [claim.fingerprint.toString('hex'), headers, cookies, body]
    const keys = this.#source('sealed answers')
    return {
      key: storedFormOfKey(claim.key),
      fingerprint: sealedMark,
      headers: {},
      body: keys.seal(Buffer.from(JSON.stringify(sealed)), sealingOf(claim, status)).toString('base64'),
    }
  }

  /** Opens a sealed row. Throws `IdempotencyAnswerUnreadable` if its secret key is missing. */
  open({ status, body }: AnswerRow, claim: KeyClaim): OpenedAnswer {
    let plain: Buffer
    try {
      plain = this.#source('sealed answers').open(Buffer.from(body ?? '', 'base64'), sealingOf(claim, status))
    } catch (error) {
      throw withCause(IdempotencyAnswerUnreadable(), error)
    }
    const [fingerprint, headers, cookies, text] = JSON.parse(plain.toString()) as Sealed
    return {
      fingerprint: Buffer.from(fingerprint, 'hex'),
      answer: { status, headers, body: text, ...(cookies.length > 0 ? { cookies } : {}) },
    }
  }
}

/** Returns whether a stored answer is sealed. */
export function isSealed({ fingerprint }: Pick<AnswerRow, 'fingerprint'>): boolean {
  return fingerprint.equals(sealedMark)
}

/** Returns the stored form of a sealed answer's key. */
export function storedFormOfKey(key: string): string {
  return `sha256:${hash('sha256', key, 'base64url')}`
}

function sealingOf({ service, scope, id, key }: KeyClaim, status: number): Sealing {
  return {
    purpose: 'idempotency-answer',
    context: [service, scope, id, String(status)],
    keyMaterial: key,
  }
}
