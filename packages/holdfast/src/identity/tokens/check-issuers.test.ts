import { bearerTokens, type TrustedIssuer } from 'holdfast/identity'
import { describe, expect, test } from 'vitest'
import { refusalOf, startService } from '../../kernel/service/start-service.fixture.ts'

const valid: TrustedIssuer = { issuer: 'https://login.example.com', audience: 'https://api.example.com' }

describe('a configuration that does not start', () => {
  test.each<[string, Partial<TrustedIssuer>, string]>([
    ['an issuer over http', { issuer: 'http://login.example.com' }, 'its URL must use https'],
    ['an issuer without a URL', { issuer: 'login' }, 'its URL is not a URL'],
    ['an issuer with a password', { issuer: 'https://a:b@c.example' }, 'must not contain credentials'],
    ['keys over http', { jwksUri: 'http://login.example.com/jwks' }, '`jwksUri` must use https'],
    ['an empty audience', { audience: '' }, '`audience` is empty'],
    ['no audience', { audience: [] }, '`audience` is empty'],
    ['one empty audience', { audience: ['api', ''] }, '`audience` is empty'],
    ['an unchecked audience', { audience: false }, '`check` has to check'],
    ['no algorithm', { algorithms: [] }, '`algorithms` is empty'],
    ['the algorithm none', { algorithms: ['none' as never] }, 'means no signature'],
    ['a shared secret', { algorithms: ['HS256' as never] }, 'needs a shared secret'],
    ['an unknown algorithm', { algorithms: ['XY' as never] }, 'is not supported'],
    ['no type', { types: [] }, '`types` is empty'],
    ['two sources of keys', { keys: { keys: [] }, jwksUri: 'https://a.example' }, 'remove either'],
    ['a large clock skew', { clockSkew: '6m' }, 'clockSkew'],
    ['no max age', { maxAge: '0s' }, 'maxAge'],
  ])('%s', (_, change, message) => {
    expect(() => bearerTokens({ issuers: [{ ...valid, ...change }] })).toThrow(message)
  })

  test('no issuers, one issuer twice, or issuers whose callers could have the same id', () => {
    const other = { ...valid, issuer: 'https://other.example.com' }
    expect(() => bearerTokens({ issuers: [] })).toThrow('has no issuers')
    expect(() => bearerTokens({ issuers: [valid, valid] })).toThrow('is listed twice')
    expect(() => bearerTokens({ issuers: [valid, other] })).toThrow('idPrefix')
    expect(() => bearerTokens({ issuers: [valid, { ...other, idPrefix: 'o|' }] })).toThrow('idPrefix')
    const prefixed = { ...valid, idPrefix: 'v|' }
    expect(() => bearerTokens({ issuers: [prefixed, { ...other, idPrefix: 'v|o|' }] })).toThrow('idPrefix')
    bearerTokens({ issuers: [prefixed, { ...other, idPrefix: 'o|' }] })
    bearerTokens({ issuers: [valid, { ...other, caller: () => undefined }] })
  })

  test('a token length that is not a positive integer', () => {
    expect(() => bearerTokens({ issuers: [valid], maxTokenBytes: 0 })).toThrow('maxTokenBytes')
  })

  test('an issuer on a loopback address in production', async () => {
    const issuers = [{ ...valid, issuer: 'http://127.0.0.1:9000' }]
    const identify = bearerTokens({ issuers })
    expect(await refusalOf({}, { identify, mode: 'production' })).toContain('must use https in production')
    await (await startService({}, { identify })).stop()
  })

  test('an invalid issuer from the settings', async () => {
    const identify = bearerTokens({ issuers: () => [{ ...valid, issuer: 'http://login.example.com' }] })
    expect(await refusalOf({}, { identify })).toContain('its URL must use https')
  })
})
