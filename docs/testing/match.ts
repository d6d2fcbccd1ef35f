const wildcard = '…'

/** Returns true if a text matches the expected text, in which `…` matches any text. */
export function matchesText(expected: string, found: string): boolean {
  const parts = expected.split(wildcard).map((part) => RegExp.escape(part))
  return new RegExp(`^${parts.join('[^]*')}$`).test(found)
}

/**
 * Returns the path of the first difference between a JSON value and the expected value:
 * `items[0].id`, or `''` for the whole value. In the expected value, `"…"` matches any value, and
 * `…` within a string matches any text. Returns `undefined` if the values match.
 */
export function findDifference(expected: unknown, found: unknown, path = ''): string | undefined {
  if (expected === wildcard && found !== undefined) return undefined
  if (typeof expected === 'string' && typeof found === 'string') {
    return matchesText(expected, found) ? undefined : path
  }
  if (Array.isArray(expected) && Array.isArray(found)) {
    if (expected.length !== found.length) return path
    return firstOf(expected.map((item, index) => findDifference(item, found[index], `${path}[${index}]`)))
  }
  if (isRecord(expected) && isRecord(found)) {
    const names = [...new Set([...Object.keys(expected), ...Object.keys(found)])]
    return firstOf(
      names.map((name) =>
        findDifference(expected[name], found[name], path === '' ? name : `${path}.${name}`),
      ),
    )
  }
  return Object.is(expected, found) ? undefined : path
}

function firstOf(paths: readonly (string | undefined)[]): string | undefined {
  return paths.find((path) => path !== undefined)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
