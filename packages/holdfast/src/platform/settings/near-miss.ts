/** Returns the edit distance of two names: letters changed, added, left out or swapped. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1]
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
        isSwapped ? before[column - 2]! + 1 : Infinity,
      )
    }
    before = last
    last = current
  }
  return last[b.length]!
}

const maxMistakes = 2

/**
 * Returns the candidate closest to a name; `undefined` if none is close. One letter may be wrong in
 * a name of at least three letters, and two letters in a name of at least six. Case is ignored.
 */
export function nearMiss(name: string, candidates: readonly string[]): string | undefined {
  const most = Math.min(maxMistakes, Math.floor(name.length / 3))
  return candidates
    .filter((candidate) => Math.abs(candidate.length - name.length) <= most)
    .map((candidate) => ({ candidate, mistakes: distance(name.toUpperCase(), candidate.toUpperCase()) }))
    .filter(({ mistakes }) => mistakes <= most)
    .toSorted((a, b) => a.mistakes - b.mistakes)[0]?.candidate
}
