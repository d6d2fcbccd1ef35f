/**
 * Returns the line at an offset of a text, with line and column numbers, and a caret below the
 * column.
 */
export function pointAt(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - (before.lastIndexOf('\n') + 1) + 1
  const content = text.split('\n')[line - 1] ?? ''
  const label = `line ${line}, column ${column}: `
  return `${label}${content.replaceAll('\t', ' ')}\n${' '.repeat(label.length + column - 1)}^`
}
