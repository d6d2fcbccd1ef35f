import { describe, expect, test } from 'vitest'
import { toPortablePattern } from './portable-pattern.ts'

// Matches the syntax that JavaScript with and without the `u` flag, Java, RE2 and Python's re all
// accept.
const portable =
  /^(?:\\x[0-9a-f]{2}|\\[dDwWsSbBfnrt^$\\.*+?()[\]{}|/-]|\((?:\?:)?|\{\d{1,3}(?:,\d{0,3})?\}|[^\\({}])*$/u

const samples = [
  '',
  'a',
  'A1',
  '2026',
  'a b',
  'a\nb',
  'a\tb',
  '\u0000',
  '\u007f',
  '\u0085',
  'é',
  'ÿ',
  'Ā',
  '\u2028',
  '😀',
  'a😀b',
  '[&]',
  '{}',
  'a-b',
  '/',
  '\u000b',
  'x^$.*',
]

describe('a pattern', () => {
  test.each([
    /^\P{Cc}*$/u,
    /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u,
    /[\p{ASCII}]/u,
    /^[^\p{ASCII}]$/u,
    /^[\p{Cc}]$/u,
    /^[[&]+\]$/,
    /^(?<year>\d{4})$/,
    /\u00e9|\xff|\u0100|\u{e9}/u,
    /\v|\0|\cI/,
    new RegExp('^[]$'),
    new RegExp('^[^]$'),
    new RegExp('^[\\w\\-]+$'),
    /\^\$\.\*/,
    /\//,
  ])('the pattern %s is rewritten for every engine, and matches the same texts', (regex) => {
    const pattern = toPortablePattern(regex.source)!
    expect(pattern).toMatch(portable)
    const matching = (by: RegExp): readonly string[] => samples.filter((text) => by.test(text))
    expect(matching(new RegExp(pattern, 'u'))).toEqual(matching(new RegExp(regex.source, 'u')))
  })

  test('a pattern that is written for every engine also matches without the u flag', () => {
    const line = new RegExp(toPortablePattern('^\\P{Cc}*$')!)
    expect(samples.filter((text) => !line.test(text))).toEqual([
      'a\nb',
      'a\tb',
      '\u0000',
      '\u007f',
      '\u0085',
      '\u000b',
    ])
  })

  test('a pattern that JavaScript accepts only without the u flag is rewritten too', () => {
    expect(toPortablePattern('^{}]\\-\\_$')).toBe('^\\{\\}\\]\\x2d_$')
  })

  test('a pattern that every engine accepts is unchanged', () => {
    const uuid = '^([0-9a-fA-F]{8}-[0-9a-fA-F]{4})(?:a|b)?\\.\\d{1,3}$'
    expect(toPortablePattern(uuid)).toBe(uuid)
    expect(toPortablePattern('^\\P{Cc}*$')).toBe('^[^\\x00-\\x1f\\x7f-\\x9f]*$')
  })

  test.each([
    ['lookaround', '^(?=a)[a-z]+$'],
    ['lookbehind', '(?<!a)b'],
    ['a backreference', '(a)\\1'],
    ['a named backreference', '(?<a>x)\\k<a>'],
    ['a property with characters beyond U+FFFF', '^\\p{L}+$'],
    ['some characters beyond U+FFFF', '[a😀]'],
    ['all characters but some beyond U+FFFF', '^[^😀]*$'],
    ['a surrogate', '\\ud83d'],
    ['more repeats than RE2 allows', 'a{1001}'],
    ['an inline flag', '(?i:a)'],
    ['an octal escape', '\\012'],
  ])('a pattern with %s cannot be rewritten', (_what, pattern) => {
    expect(toPortablePattern(pattern)).toBeUndefined()
  })
})
