const maxMembers = 32

// A key may contain an @ anywhere (level 2), which also allows the `tenant@system` of level 1.
const keyForm = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/
// 1 to 256 printable characters without comma and equals sign. The last one is not a space.
const valueForm = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/**
 * Parses a `tracestate` header (W3C Trace Context section 3.3): the state that tracing systems keep
 * with a trace, one member per system. Several headers of this name count as one list. Returns the
 * list to send on, with the first member of each key. Returns `undefined` if the list is empty, or
 * if any member is malformed, because one malformed member invalidates the whole list.
 */
export function readTracestate(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const members = new Map<string, string>()
  let count = 0
  for (const part of header.split(',')) {
    const member = part.replaceAll(/^[ \t]+|[ \t]+$/g, '')
    // An empty member is allowed and does not count towards the max of 32.
    if (member === '') continue
    count += 1
    const equals = member.indexOf('=')
    const key = member.slice(0, Math.max(0, equals))
    if (count > maxMembers || !keyForm.test(key) || !valueForm.test(member.slice(equals + 1)))
      return undefined
    if (!members.has(key)) members.set(key, member)
  }
  return members.size === 0 ? undefined : [...members.values()].join(',')
}
