import { redirects } from 'holdfast'
import { describe, expect, test } from 'vitest'

const declared = redirects({ to: ['/', 'https://app.example.com'] })

test.each(['/', '/orders/1?a=b#c', 'https://app.example.com', 'https://app.example.com/x?y'])(
  'the target %s is allowed',
  (target) => {
    expect(declared.allows(target)).toBe(true)
    declared.to(target)
  },
)

// Targets that some browser would follow to another host, or that a header cannot contain.
test.each([
  '//attacker.example',
  '/\\attacker.example',
  '\\\\attacker.example',
  '/\t/attacker.example',
  ' /orders',
  'orders',
  '',
  'https://app.example.com.attacker.example',
  'https://app.example.com@attacker.example',
  'https://attacker.example\\@app.example.com',
  'https://user:password@app.example.com',
  'https:attacker.example',
  'https:app.example.com/x',
  'https:/app.example.com/x',
  'blob:https://app.example.com/x',
  'http://app.example.com',
  'https://app.example.com:444',
  'javascript:alert(1)',
  'data:text/html,x',
  '/a\r\nset-cookie: a=b',
  '/ä',
])('the target %j is refused', (target) => {
  expect(declared.allows(target)).toBe(false)
  expect(() => declared.to(target)).toThrow(expect.objectContaining({ code: 'redirect-refused' }))
})

test('a path is refused unless it is declared', () => {
  expect(redirects({ to: ['https://app.example.com'] }).allows('/orders')).toBe(false)
})

describe('declarations', () => {
  test.each([
    '*',
    '/orders',
    'https://app.example.com/',
    'https://*.example.com/x',
    'http://example.com',
    'ftp://localhost',
    'ws://127.0.0.1',
    '',
  ])('%j', (target) => {
    expect(() => redirects({ to: [target] })).toThrow(expect.objectContaining({ code: 'redirect-invalid' }))
  })
})

test('http is allowed on the local machine', () => {
  expect(redirects({ to: ['http://localhost:5173'] }).allows('http://localhost:5173/app')).toBe(true)
})
