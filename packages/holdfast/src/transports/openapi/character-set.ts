/** Ranges of code points, both ends inclusive, ascending and not adjacent. */
export type CharacterSet = readonly (readonly [first: number, last: number])[]

const lastCodePoint = 0x10ffff

// High and low surrogates are in separate blocks. Next to each other in a text, a high and a low
// surrogate would form a different code point.
const blocks = [
  [0, 0xd7ff],
  [0xd800, 0xdbff],
  [0xdc00, 0xdfff],
  [0xe000, 0xffff],
  [0x10000, lastCodePoint],
] as const

// The sets are cached: testing every code point takes about 10 ms, and a service uses the same few
// classes repeatedly.
const known = new Map<string, CharacterSet>()

/** Returns the characters that a JavaScript class or escape with the `u` flag matches. */
export function toCharacterSet(pattern: string): CharacterSet {
  let set = known.get(pattern)
  if (!set) known.set(pattern, (set = join(blocks.flatMap((block) => rangesWithin(block, pattern)))))
  return set
}

function rangesWithin([first, last]: (typeof blocks)[number], pattern: string): CharacterSet {
  const unitsPerCharacter = first > 0xffff ? 2 : 1
  return [...charactersOf(first, last).matchAll(new RegExp(`${pattern}+`, 'gu'))].map((match) => {
    const start = first + match.index / unitsPerCharacter
    return [start, start + match[0].length / unitsPerCharacter - 1]
  })
}

function charactersOf(first: number, last: number): string {
  const parts: string[] = []
  const step = 4_096
  for (let from = first; from <= last; from += step) {
    const length = Math.min(step, last - from + 1)
    parts.push(String.fromCodePoint(...Array.from({ length }, (_, index) => from + index)))
  }
  return parts.join('')
}

/** Merges adjacent ranges. */
function join(ranges: CharacterSet): CharacterSet {
  const joined: [number, number][] = []
  for (const [first, last] of ranges) {
    const before = joined.at(-1)
    if (before?.[1] === first - 1) before[1] = last
    else joined.push([first, last])
  }
  return joined
}

/** Returns the set of all characters that are not in a set. */
export function complement(set: CharacterSet): CharacterSet {
  const ranges: [number, number][] = []
  let next = 0
  for (const [first, last] of set) {
    if (first > next) ranges.push([next, first - 1])
    next = last + 1
  }
  if (next <= lastCodePoint) ranges.push([next, lastCodePoint])
  return ranges
}
