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
  test('in UTF-8 is its text, with every character that it has', () => {
    const text = 'a\u00e9\u20ac\u{1f600}\ufffd\r\n'
    expect(decodeText(bytes(text))).toEqual({ text })
    expect(decodeText(bytes(''))).toEqual({ text: '' })
    expect(decodeText(bytes([0xef, 0xbb, 0xbf], text))).toEqual({ text })
  })

  test.each([
    [
      'Latin-1',
      bytes('one\ntw\u00f6\nthr', [0xe9], 'e\n'),
      'line 3 at byte 4 of the line (offset 12 of the file)',
    ],
    [
      'a character that is cut off',
      bytes('a\n', [0xe2, 0x82], '\nb'),
      'line 2 at byte 1 of the line (offset 2 of the file)',
    ],
    [
      'one that is cut off at the end',
      bytes('\u00e9', [0xc3]),
      'line 1 at byte 3 of the line (offset 2 of the file)',
    ],
    [
      'one that is encoded too long',
      bytes([0x41, 0xc0, 0x80]),
      'line 1 at byte 2 of the line (offset 1 of the file)',
    ],
    [
      'half a surrogate pair',
      bytes([0x41, 0xed, 0xa0, 0x80]),
      'line 1 at byte 2 of the line (offset 1 of the file)',
    ],
  ])('with %s is refused with the place', (_, file, place) => {
    expect(decodeText(file)).toEqual({ fault: `is not text in UTF-8, in ${place}. Save it as UTF-8.` })
  })

  test('with a NUL is refused with the place', () => {
    expect(decodeText(bytes('select 1;\n', [0], 'drop'))).toEqual({
      fault: 'has a NUL character, in line 2 at byte 1 of the line (offset 10 of the file). Remove it.',
    })
  })

  test.each([
    ['little endian, marked', utf16('\ufeffselect', 'little')],
    ['little endian', utf16('select', 'little')],
    ['big endian, marked', utf16('\ufeffselect', 'big')],
    ['big endian', utf16('select', 'big')],
  ])('in UTF-16 is called that (%s)', (_, file) => {
    expect(decodeText(file)).toEqual({ fault: 'is text in UTF-16. Save it as UTF-8.' })
  })
})
