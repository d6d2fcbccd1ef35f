import { SignJWT } from 'jose'
import type { Statements } from '../../kernel/background/effects.ts'
import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'
import { anyone } from '../../kernel/operation/access/access.ts'
import type { Query } from '../../kernel/operation/operation.ts'
import { respond } from '../../kernel/operation/respond.ts'
import { described } from '../../kernel/schema/schema.ts'
import type { Application } from '../../kernel/service/holdfast.ts'
import { findUrlIssue, isLoopbackUrl } from '../tokens/issuer-url.ts'
import type { TrustedIssuer } from '../tokens/trusted-issuer.ts'
import type { JsonWebKeySet } from '../tokens/verification-keys.ts'
import { type NewToken, toClaims } from './new-token.ts'
import { PeriodKeys } from './period-keys.ts'

/** Options of {@link tokenIssuer}. */
export interface TokenIssuerOptions {
  /**
   * The URL by which other services reach this one, without a path: `https://orders.example.com`.
   * It is the claim `iss` of the tokens, and verifiers load the keys from it.
   */
  readonly issuer: string
}

/** The metadata of an issuer (RFC 8414). */
export interface IssuerMetadata {
  readonly issuer: string
  readonly jwks_uri: string
  readonly response_types_supported: readonly string[]
}

/** The operations of an issuer, by their names. */
export type TokenIssuerOperations = {
  readonly getKeySet: Query<Record<string, never>, JsonWebKeySet, never>
  readonly getIssuerMetadata: Query<Record<string, never>, IssuerMetadata, never>
}

/** Issues access tokens. */
export interface TokenIssuer {
  readonly issuer: string
  /**
   * Returns a signed token. `statements` is that of a query, or `transaction` of a mutation or job:
   * it has the clock and the secret keys of the service.
   *
   * @throws HoldfastError `configuration-invalid` for an invalid token, for an issuer over http in
   *   production, and without `SECRET_KEYS` in production.
   */
  createToken(statements: Statements, token: NewToken): Promise<string>
  /** Returns the operations with which verifiers load the keys. List them in the service. */
  operations<Read, Write, Values>(app: Application<Read, Write, Values>): TokenIssuerOperations
  /**
   * Returns the issuer for `bearerTokens` of the same service, which then derives the keys instead
   * of loading them.
   *
   * @param audience the names by which the tokens call this service.
   */
  trusted(audience: string | readonly string[]): TrustedIssuer
}

// Verifiers may cache the keys: each key is published a week before it signs.
const keysMaxAge = 'public, max-age=300'

/**
 * Returns an issuer of access tokens (RFC 9068) for other services: JWTs that are signed with
 * Ed25519 and live for 5 minutes. The keys are derived from `SECRET_KEYS` and change every week.
 *
 * @throws HoldfastError `configuration-invalid` if `issuer` is not an https URL without a path
 *   (http only for a loopback address).
 *
 * @example
 * ```ts
 * const tokens = tokenIssuer({ issuer: 'https://orders.example.com' })
 * const createToken = mutation({
 *   route: 'POST /tokens',
 *   sealed: true,
 *   access: signedIn(),
 *   output: z.object({ token: z.string() }),
 *   run: async ({ caller: { id }, transaction }) => ({
 *     token: await tokens.createToken(transaction, { subject: id, client: 'a', audience: 'b' }),
 *   }),
 * })
 * service({ name: 'shop', operations: { createToken, ...tokens.operations(app) } })
 * ```
 */
export function tokenIssuer({ issuer }: TokenIssuerOptions): TokenIssuer {
  requireOrigin(issuer)
  const keys = new PeriodKeys(issuer)
  const keySetOf = ({ sealer, clock }: Statements): JsonWebKeySet => ({
    keys: keys.published(sealer, clock.now()).map(({ jwk }) => jwk),
  })
  return {
    issuer,
    async createToken({ sealer, clock, mode }, token) {
      if (mode === 'production' && isLoopbackUrl(issuer))
        throw configurationInvalid([`the issuer ${issuer} of tokens must use https in production`])
      const nowMs = clock.now()
      const { id, privateKey } = keys.signing(sealer, nowMs)
      return new SignJWT(toClaims(token, { issuer, nowMs }))
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: id })
        .sign(privateKey)
    },
    operations: (app) => ({
      getKeySet: app.query({
        route: 'GET /.well-known/jwks.json',
        summary: 'Returns the public keys of the issuer.',
        access: anyone('the keys are public'),
        output: keySetSchema,
        headers: { 'Cache-Control': 'The time for which the keys may be cached.' },
        run: ({ statements }) => respond(keySetOf(statements), { headers: { 'Cache-Control': keysMaxAge } }),
      }),
      getIssuerMetadata: app.query({
        route: 'GET /.well-known/oauth-authorization-server',
        summary: 'Returns the metadata of the issuer (RFC 8414).',
        access: anyone('the metadata is public'),
        output: metadataSchema,
        headers: { 'Cache-Control': 'The time for which the metadata may be cached.' },
        run: () =>
          respond(
            { issuer, jwks_uri: `${issuer}/.well-known/jwks.json`, response_types_supported: [] },
            { headers: { 'Cache-Control': keysMaxAge } },
          ),
      }),
    }),
    trusted: (audience) => ({
      issuer,
      audience,
      algorithms: ['EdDSA'],
      maxAge: '1h',
      keys: (statements) => Promise.resolve(keySetOf(statements)),
    }),
  }
}

function requireOrigin(issuer: string): void {
  const issue = findUrlIssue(issuer)
  if (issue !== undefined) throw configurationInvalid([`the issuer ${JSON.stringify(issuer)} ${issue}`])
  const { origin } = new URL(issuer)
  if (origin !== issuer)
    throw configurationInvalid([
      `the issuer ${JSON.stringify(issuer)} must be a URL without a path: ${JSON.stringify(origin)}`,
    ])
}

const text = { type: 'string' }

const keySetSchema = described<JsonWebKeySet>({
  type: 'object',
  required: ['keys'],
  properties: {
    keys: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        required: ['kty', 'crv', 'x', 'kid', 'alg', 'use'],
        properties: { kty: text, crv: text, x: text, kid: text, alg: text, use: text },
      },
    },
  },
})

const metadataSchema = described<IssuerMetadata>({
  type: 'object',
  required: ['issuer', 'jwks_uri', 'response_types_supported'],
  properties: {
    issuer: text,
    jwks_uri: text,
    response_types_supported: { type: 'array', maxItems: 0, items: text },
  },
})
