// Controls, and what has no shape of its own, such as marks that turn the direction of text around.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A text on one line that a terminal shows as it is: what somebody has stored must not move its cursor, nor pass for something else. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, escape)
}

/** JSON for terminals as for programs: what they would not show is escaped, which changes nothing of what it means. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replaceAll(unprintable, (found) =>
    found === '\n' ? found : escape(found),
  )
}

function escape(found: string): string {
  if (found === '\n') return '\\n'
  if (found === '\t') return '\\t'
  return Array.from(
    { length: found.length },
    (_, n) => `\\u${found.charCodeAt(n).toString(16).padStart(4, '0')}`,
  ).join('')
}
