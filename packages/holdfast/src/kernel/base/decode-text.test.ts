import { describe, expect, test } from 'vitest'
import { decodeText } from './decode-text.ts'

const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => [...(typeof part === 'string' ? new TextEncoder().encode(part) : part)]),
  )

const utf16 = (text: string, order: 'little' | 'big'): Uint8Array =>
  Uint8Array.from(
    Array.from({ length: text.length }, (_, index) => text.charCodeAt(index)).flatMap((unit) =>
      order === 'little' ? [unit & 0xff, unit >> 8] : [unit >> 8, unit & 0xff],
    ),
  )

describe('a file', () => {
  test('a file in UTF-8 is decoded with all its characters', () => {
    const text = 'a\u00e9\u20ac\u{1f600}\ufffd\r\n'
    expect(decodeText(bytes(text))).toEqual({ text })
    expect(decodeText(bytes(''))).toEqual({ text: '' })
    expect(decodeText(bytes([0xef, 0xbb, 0xbf], text))).toEqual({ text })
  })

  test.each([
    ['Latin-1', bytes('one\ntw\u00f6\nthr', [0xe9], 'e\n'), 'line 3, byte 4 (offset 12)'],
    ['a character that is cut off', bytes('a\n', [0xe2, 0x82], '\nb'), 'line 2, byte 1 (offset 2)'],
    ['one that is cut off at the end', bytes('\u00e9', [0xc3]), 'line 1, byte 3 (offset 2)'],
    ['one that is encoded too long', bytes([0x41, 0xc0, 0x80]), 'line 1, byte 2 (offset 1)'],
    ['half a surrogate pair', bytes([0x41, 0xed, 0xa0, 0x80]), 'line 1, byte 2 (offset 1)'],
  ])('a file with %s is rejected with the position', (_, file, place) => {
    expect(decodeText(file)).toEqual({ fault: `is not valid UTF-8, at ${place}. Save it as UTF-8.` })
  })

  test('a file with a NUL is rejected with the position', () => {
    expect(decodeText(bytes('select 1;\n', [0], 'drop'))).toEqual({
      fault: 'contains a NUL character, at line 2, byte 1 (offset 10). Remove it.',
    })
  })

  test.each([
    ['little endian, marked', utf16('\ufeffselect', 'little')],
    ['little endian', utf16('select', 'little')],
    ['big endian, marked', utf16('\ufeffselect', 'big')],
    ['big endian', utf16('select', 'big')],
  ])('a file in UTF-16 is reported as UTF-16 (%s)', (_, file) => {
    expect(decodeText(file)).toEqual({ fault: 'is encoded in UTF-16. Save it as UTF-8.' })
  })
})
