const headerLength = 5
const longest = 80

/**
 * Returns a short, reproducible label for sent bytes: the beginnings of the SQL statements, or the
 * command of a different protocol.
 */
export function labelOf(bytes: Buffer): string {
  const texts = statementsOf(bytes)
  if (texts === undefined) return `command ${plain(bytes.toString('latin1').split(/[\s\r\n]/, 1)[0]!)}`
  return texts.length === 0 ? 'no statement' : texts.map(plain).join(' + ')
}

const mark = ' (in a transaction)'

/** Marks a label as sent between the beginning and the end of a transaction. */
export function inTransaction(label: string): string {
  return `${label}${mark}`
}

/** Returns true if a label is marked as {@link inTransaction}. */
export function isInTransaction(label: string): boolean {
  return label.endsWith(mark)
}

/**
 * Returns the texts of Parse and Query messages (Postgres protocol, version 3); `undefined` if the
 * bytes are not such messages.
 */
function statementsOf(bytes: Buffer): readonly string[] | undefined {
  const texts: string[] = []
  let at = 0
  while (at < bytes.length) {
    if (bytes[at] === 0) return ['start-up']
    if (at + headerLength > bytes.length) return undefined
    const type = String.fromCharCode(bytes[at]!)
    const end = at + 1 + bytes.readInt32BE(at + 1)
    if (!/[A-Za-z]/.test(type) || end > bytes.length || end <= at) return undefined
    const body = bytes
      .subarray(at + headerLength, end)
      .toString('utf8')
      .split('\0')
    if (type === 'Q') texts.push(body[0]!)
    if (type === 'P') texts.push(body[1]!)
    at = end
  }
  return texts
}

function plain(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '#')
    .replaceAll(/\d+/g, '#')
    .trim()
    .slice(0, longest)
}
