import { attributesOf } from 'holdfast/telemetry'
import { expect, test } from 'vitest'
import { createRedactor } from '../../../kernel/base/redact.ts'
import { startReceiver } from '../otlp/receiver.fixture.ts'
import { telemetryForTest } from '../telemetry.fixture.ts'

test('a value that a service declares as sensitive is never exported in a span', async () => {
  const receiver = await startReceiver()
  const telemetry = telemetryForTest({ endpoint: receiver.url })
  const reader = telemetry.readSpans()
  telemetry.hide(createRedactor(['email']))
  telemetry.hide(createRedactor(['iban']))
  const shared = { email: 's3cret', 'http.route': '/people', ratio: Number.NaN }
  for (let n = 0; n < 2; n += 1) {
    const span = telemetry.beginTrace('server', undefined)
    span.describe('GET /people', shared)
    span.set('iban', 's3cret')
    span.set('url', 'postgres://app:s3cret@db/app')
    span.addEvent('sent', { email: 's3cret', count: 2 })
    span.fail('500', 'no way to https://app:s3cret@example.org')
    span.end()
  }
  const plain = telemetry.beginTrace('server', undefined)
  plain.set('status', 200)
  plain.end()
  const { items } = reader.take(10)
  expect(attributesOf(items[0]!)).toEqual({
    email: '[redacted]',
    'http.route': '/people',
    ratio: Number.NaN,
    iban: '[redacted]',
    url: 'postgres://app:[redacted]@db/app',
    'error.type': '500',
  })
  expect(items[0]!.events).toMatchObject([{ attributes: { email: '[redacted]', count: 2 } }])
  expect(items[0]!.failure?.message).toBe('no way to https://app:[redacted]@example.org')
  // The span encoder identifies shared attributes by object identity.
  expect(items[1]!.sharedAttributes).toBe(items[0]!.sharedAttributes)
  expect(attributesOf(items[2]!)).toEqual({ status: 200 })
  await telemetry.flush()
  expect(receiver.spans).toHaveLength(3)
  expect(JSON.stringify(receiver.requests)).not.toContain('s3cret')
})

test('a value that is declared later is hidden from then on, in earlier spans too', () => {
  const telemetry = telemetryForTest()
  const reader = telemetry.readSpans()
  const shared = { email: 's3cret', iban: 's3cret' }
  const read = () => {
    const span = telemetry.beginTrace('server', undefined)
    span.describe('GET /people', shared)
    span.end()
    return attributesOf(reader.take(1).items[0]!)
  }
  expect(read()).toEqual(shared)
  telemetry.hide(createRedactor(['email']))
  expect(read()).toEqual({ email: '[redacted]', iban: 's3cret' })
  telemetry.hide(createRedactor(['iban']))
  expect(read()).toEqual({ email: '[redacted]', iban: '[redacted]' })
})
