// Control characters and other invisible characters, such as marks that reverse the direction of
// text.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/**
 * Returns a text on one line, with invisible characters escaped. Stored text must not move the
 * cursor of a terminal, or imitate other output.
 */
export function printable(text: string): string {
  return text.replaceAll(unprintable, escape)
}

/**
 * Returns JSON for terminals and programs: invisible characters are escaped, which does not change
 * its meaning.
 *
 * @param indent Number of spaces per level; 0 prints one line.
 */
export function printableJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replaceAll(unprintable, (found) =>
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
