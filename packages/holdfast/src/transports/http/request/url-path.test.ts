import { describe, expect, test } from 'vitest'
import { parseRoute } from '../../../kernel/operation/route.ts'
import { createShowPath } from './url-path.ts'

const reset = parseRoute('PUT /users/{user}/resets/{token}/done')
const users = parseRoute('GET /users/{user}')
const show = createShowPath([reset, users], (name) => name === 'token')

describe('the path of a request', () => {
  test('the path of a request is shown as it was sent, without its query string', () => {
    expect(show('/users/ann%20b?key=1', users)).toBe('/users/ann%20b')
    expect(show('/elsewhere', undefined)).toBe('/elsewhere')
    expect(show('*', undefined)).toBe('*')
  })

  test('the path of a request hides its sensitive parameters', () => {
    expect(show('/users/ann/resets/s3cret/done?a=s3cret', reset)).toBe('/users/ann/resets/[redacted]/done')
  })

  test.each([
    ['/users/ann/resets/s3cret'],
    ['/users/ann/resets/s3cret/'],
    ['/users/ann/resets/s3cret/done'],
    ['/users/ann/%72esets/s3cret/more/and/more'],
  ])('the path of a request hides sensitive parameters if no route matches it: %s', (target) => {
    expect(show(target, undefined)).toBe('/users/ann/resets/[redacted]')
  })

  test('the path of a request is not shown if it cannot be decoded', () => {
    expect(show('/users/%zz/resets/s3cret', undefined)).toBeUndefined()
    expect(createShowPath([users], () => false)('/users/%zz', undefined)).toBe('/users/%zz')
  })

  test('the path of a request is limited in length', () => {
    expect(show(`/${'a'.repeat(9_000)}`, undefined)).toHaveLength(512)
    expect(show(`/short?${'a'.repeat(9_000)}`, undefined)).toBe('/short')
  })
})
