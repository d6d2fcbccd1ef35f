import { expect, test } from 'vitest'
import { readEndpointUrl } from './endpoint-url.ts'

const url = 'http://example.com/'

test('the mode of the service decides whether http is allowed, unless the definition sets it', () => {
  const rules = { allowedHosts: [] }
  expect(readEndpointUrl(url, rules, 'development')).toBe(url)
  expect(readEndpointUrl(url, rules, 'test')).toBe(url)
  expect(() => readEndpointUrl(url, rules, 'production')).toThrow('https')
  expect(readEndpointUrl(url, { ...rules, allowHttp: true }, 'production')).toBe(url)
  expect(() => readEndpointUrl(url, { ...rules, allowHttp: false }, 'test')).toThrow('https')
})
