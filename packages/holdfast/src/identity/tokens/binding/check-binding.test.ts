import type { Credentials, PeerCertificate } from 'holdfast'
import { expect, test } from 'vitest'
import { checkBinding } from './check-binding.ts'

const token = { text: 'eyJ', scheme: 'bearer', baseUrl: undefined } as const
const certificate: PeerCertificate = { subjectAltNames: [], thumbprint: 'A1', raw: new Uint8Array() }

/**
 * Returns the reason to refuse a token that has these claims and is sent by a client with a
 * certificate.
 */
function reasonFor(claims: object, peer: Partial<Credentials['peer']> = {}, isRequired = false): unknown {
  try {
    const credentials = { peer: { address: undefined, certificate: undefined, ...peer } } as Credentials
    return checkBinding(claims as never, { ...token, isRequired }, credentials)
  } catch (error) {
    return (error as Error).message
  }
}

test('a token that is bound to a certificate is accepted only with this certificate (RFC 8705)', () => {
  const bound = { cnf: { 'x5t#S256': 'A1' } }
  const refused = 'it is bound to a certificate that the client did not send'
  expect(reasonFor(bound, { certificate })).toBeUndefined()
  expect(reasonFor(bound, { certificate: { ...certificate, thumbprint: 'B2' } })).toBe(refused)
  expect(reasonFor(bound)).toBe(refused)
  expect(reasonFor({ cnf: { 'x5t#S256': null } }, { certificate })).toBe(refused)
})

test.each([[null], ['A1'], [[]], [{}], [{ jwk: {} }], [{ 'x5t#S256': 'A1', kid: 'a' }]])(
  'the unknown binding %j is refused',
  (cnf) => {
    expect(reasonFor({ cnf }, { certificate })).toBe('its binding is unknown')
  },
)

test('a token that is not bound is accepted, unless the issuer must bind its tokens', () => {
  expect(reasonFor({})).toBeUndefined()
  expect(reasonFor({}, { certificate }, true)).toBe('it is not bound to a key')
  expect(reasonFor({ cnf: { 'x5t#S256': 'A1' } }, { certificate }, true)).toBeUndefined()
})
