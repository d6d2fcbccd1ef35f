import { hash } from 'node:crypto'
import { compactVerify } from 'jose'
import type { Caller } from '../../kernel/operation/caller.ts'
import { checkCaller } from '../../kernel/operation/check-caller.ts'
import type { TokenAlgorithm } from './algorithms.ts'
import { checkClaims, checkTimes } from './check-claims.ts'
import type { CompleteIssuer } from './check-issuers.ts'
import { type CompactToken, normalizeType, parseToken, type TokenClaims } from './compact-token.ts'
import { fetchKeySet } from './discover-keys.ts'
import { type KeySearchContext, KeySource } from './key-source.ts'
import { callerOf, isClientCredentials, scopesOf, subjectOf } from './token-caller.ts'
import { TokenRefused } from './token-refused.ts'
import type { VerificationKey } from './verification-keys.ts'

/** A verified token. */
export interface VerifiedToken {
  readonly claims: TokenClaims
  readonly caller: Caller
  readonly issuer: { readonly rules: CompleteIssuer }
}

/** A verified token in the cache. */
interface Entry extends VerifiedToken {
  readonly issuer: IssuerParts
  readonly key: VerificationKey
}

interface IssuerParts {
  readonly rules: CompleteIssuer
  readonly keys: KeySource
  readonly types: ReadonlySet<string | undefined>
}

const maxEntries = 10_000

/**
 * Verifies the access tokens of a service:
 *
 *     size → form → issuer → algorithm, type → key (may load the key set) → signature → claims
 *
 * Verified tokens are cached while their key is current, so that only the first call with a token
 * verifies its signature. The times of a token are checked for every call.
 */
export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, IssuerParts>
  readonly #maxTokenBytes: number
  /** By the hash of the token. The most recently used token is at the end. */
  readonly #entries = new Map<string, Entry>()

  constructor(issuers: readonly CompleteIssuer[], maxTokenBytes: number) {
    this.#issuers = new Map(issuers.map((rules) => [rules.issuer, toParts(rules)]))
    this.#maxTokenBytes = maxTokenBytes
  }

  /**
   * Returns the claims and the caller of a token, without a promise if the token is in the cache.
   *
   * @throws TokenRefused
   * @throws HoldfastError `issuer-unavailable` if the keys of the issuer cannot be loaded.
   */
  verify(text: string, context: KeySearchContext): VerifiedToken | Promise<VerifiedToken> {
    if (text.length > this.#maxTokenBytes) throw new TokenRefused('it is too long')
    const id = hash('sha256', text, 'base64url')
    const entry = this.#entries.get(id)
    if (entry) {
      this.#entries.delete(id)
      checkTimes(entry.claims, entry.issuer.rules, context.clock.now())
      if (entry.issuer.keys.holds(entry.key, context)) {
        this.#entries.set(id, entry)
        return entry
      }
    }
    return this.#verify(parseToken(text, this.#maxTokenBytes), id, context)
  }

  async #verify(token: CompactToken, id: string, context: KeySearchContext): Promise<VerifiedToken> {
    const { header, claims } = token
    const issuer = typeof claims['iss'] === 'string' ? this.#issuers.get(claims['iss']) : undefined
    if (!issuer) throw new TokenRefused('its issuer is not trusted')
    const { rules, keys, types } = issuer
    const algorithm = header.algorithm as TokenAlgorithm
    if (!rules.algorithms.includes(algorithm)) throw new TokenRefused('its algorithm is not accepted')
    if (!types.has(header.type === undefined ? undefined : normalizeType(header.type)))
      throw new TokenRefused('its type is not accepted')
    const key = await keys.find(header.keyId, algorithm, context)
    await verifySignature(token, key, algorithm)
    checkClaims(claims, { ...rules, audience: rules.audiences, check: rules.check }, context.clock.now())
    const caller = toCaller(claims, rules)
    const verified = { claims, caller, issuer, key }
    this.#entries.set(id, verified)
    if (this.#entries.size > maxEntries) this.#entries.delete(this.#entries.keys().next().value!)
    return verified
  }
}

function toParts(rules: CompleteIssuer): IssuerParts {
  const { issuer, jwksUri, keys, staleKeysMs: staleForMs } = rules
  const load = typeof keys === 'function' ? keys : async () => keys ?? fetchKeySet(issuer, jwksUri)
  return {
    rules,
    keys: new KeySource({ issuer, staleForMs, load }),
    types: new Set(rules.types.map((type) => (type === undefined ? undefined : normalizeType(type)))),
  }
}

async function verifySignature(
  { text }: CompactToken,
  key: VerificationKey,
  algorithm: TokenAlgorithm,
): Promise<void> {
  try {
    await compactVerify(text, await key.import(algorithm), { algorithms: [algorithm] })
  } catch (cause) {
    throw new TokenRefused('its signature is invalid', { cause })
  }
}

/** Returns the caller of verified claims, which several calls share. */
function toCaller(claims: TokenClaims, rules: CompleteIssuer): Caller {
  const { idPrefix, subject = subjectOf, isService = isClientCredentials, scopes = scopesOf } = rules
  const caller = rules.caller
    ? rules.caller(claims)
    : callerOf(claims, { idPrefix, subject, isService, scopes })
  if (caller === undefined) throw new TokenRefused('its claims belong to no caller')
  checkCaller(caller, `The caller of the issuer ${rules.issuer}`)
  return Object.freeze(caller)
}
