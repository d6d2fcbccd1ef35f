import { randomBytes } from 'node:crypto'
import { createWebhookSecret, signWebhook, verifyWebhook, type WebhookHeaders } from 'holdfast/webhooks'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'

const secret = createWebhookSecret()
const body = JSON.stringify({ type: 'name.changed', data: { name: 'Zoë 🎈', note: null } })
const id = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W'

/** Verifies a webhook as a receiver does. */
function verify(
  headers: Partial<WebhookHeaders>,
  options: { secrets?: readonly string[]; nowMs?: number; body?: string } = {},
) {
  return verifyWebhook(
    {
      header: (name) => headers[name as keyof WebhookHeaders],
      body: Buffer.from(options.body ?? body),
    },
    { secrets: options.secrets ?? [secret], nowMs: options.nowMs ?? Date.now() },
  )
}

/** Signs a webhook with the reference implementation. */
function signedElsewhere(key: string, sentAt = new Date()): WebhookHeaders {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
    'webhook-signature': new Webhook(key).sign(id, sentAt, body),
  }
}

describe('the reference implementation', () => {
  test('the reference implementation accepts our signatures', () => {
    const headers = signWebhook({ id, sentAt: new Date(), body }, [secret])
    expect(new Webhook(secret).verify(body, { ...headers })).toEqual(JSON.parse(body))
  })

  test('the reference implementation accepts our signatures with two secrets, using either secret', () => {
    const old = createWebhookSecret()
    const headers = signWebhook({ id, sentAt: new Date(), body: Buffer.from(body) }, [secret, old])
    expect(headers['webhook-signature'].split(' ')).toHaveLength(2)
    for (const key of [secret, old]) expect(new Webhook(key).verify(body, { ...headers })).toBeDefined()
    expect(() => new Webhook(createWebhookSecret()).verify(body, { ...headers })).toThrow('No matching')
  })

  test('the reference implementation creates signatures that we accept', () => {
    const sentAt = new Date()
    expect(verify(signedElsewhere(secret, sentAt))).toEqual({
      id,
      sentAt: new Date(Math.floor(sentAt.getTime() / 1_000) * 1_000),
    })
  })

  test('the reference implementation creates the same signature for the same bytes', () => {
    const key = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
    const sentAt = new Date(1_614_265_330_000)
    expect(signWebhook({ id, sentAt, body }, [key])['webhook-signature']).toBe(
      new Webhook(key).sign(id, sentAt, body),
    )
  })
})

describe('signatures', () => {
  const signed = signedElsewhere(secret)
  const invalid = expect.objectContaining({ code: 'webhook-signature-invalid', status: 401 }) as Error

  test.each([
    ['of another body', signed, { body: `${body} ` }],
    ['of another id', { ...signed, 'webhook-id': `${id}x` }, {}],
    [
      'of another time',
      { ...signed, 'webhook-timestamp': String(Number(signed['webhook-timestamp']) + 1) },
      {},
    ],
    ['by another secret', signed, { secrets: [createWebhookSecret()] }],
    ['where no secret is known', signed, { secrets: [] }],
    [
      'of an unknown version',
      { ...signed, 'webhook-signature': signed['webhook-signature'].replace('v1', 'v1a') },
      {},
    ],
    ['that is cut', { ...signed, 'webhook-signature': signed['webhook-signature'].slice(0, 20) }, {}],
    ['that is empty', { ...signed, 'webhook-signature': 'v1,' }, {}],
    ['with an invalid time', { ...signed, 'webhook-timestamp': '0x10' }, {}],
    ['with a time and more', { ...signed, 'webhook-timestamp': `${signed['webhook-timestamp']}.0` }, {}],
  ])('%s is rejected', (_, headers, options) => {
    expect(() => verify(headers, options)).toThrow(invalid)
  })

  test('a webhook is valid if one of several signatures, of any version, is correct', () => {
    const list = `v1a,AAAA v1,${randomBytes(32).toString('base64')} v2 ${signed['webhook-signature']}`
    expect(verify({ ...signed, 'webhook-signature': list }).id).toBe(id)
  })

  test('a signature is valid for five minutes in both directions', () => {
    const sentMs = Number(signed['webhook-timestamp']) * 1_000
    for (const offMs of [-300_000, 300_000]) expect(verify(signed, { nowMs: sentMs + offMs }).id).toBe(id)
    for (const offMs of [-300_001, 300_001])
      expect(() => verify(signed, { nowMs: sentMs + offMs })).toThrow(invalid)
  })

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const)(
    'a signature requires %s',
    (name) => {
      expect(() => verify({ ...signed, [name]: undefined } as never)).toThrow(
        expect.objectContaining({ code: 'webhook-headers-missing', status: 400 }) as Error,
      )
      expect(() => verify({ ...signed, [name]: '' })).toThrow(
        expect.objectContaining({ code: 'webhook-headers-missing' }) as Error,
      )
    },
  )
})

describe('secrets', () => {
  test('a new secret is whsec_ and 32 bytes, different each time', () => {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    expect(createWebhookSecret()).not.toBe(secret)
  })

  test.each([24, 64])('a secret may have %i bytes', (length) => {
    const key = `whsec_${randomBytes(length).toString('base64')}`
    expect(verify(signedElsewhere(key), { secrets: [key] }).id).toBe(id)
  })

  test.each([
    ['that is too short', `whsec_${randomBytes(23).toString('base64')}`],
    ['that is too long', `whsec_${randomBytes(65).toString('base64')}`],
    ['without its prefix', randomBytes(32).toString('base64')],
    ['that is not base64', `whsec_${'!'.repeat(44)}`],
  ])('a secret %s is rejected without being shown', (_, key) => {
    for (const use of [
      () => signWebhook({ id, sentAt: new Date(), body }, [key]),
      () => verify(signedElsewhere(secret), { secrets: [key] }),
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: 'webhook-secret-invalid' }) as Error)
      expect(use).not.toThrow(key)
    }
  })

  test('an empty secret is rejected', () => {
    expect(() => signWebhook({ id, sentAt: new Date(), body }, ['whsec_'])).toThrow('is 0 bytes long')
  })
})
