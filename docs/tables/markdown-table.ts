/** Returns a Markdown table whose columns are padded as the formatter pads them. */
export function toMarkdownTable(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [heading, ...rows.map((row) => row.map(toCell))]
  const widths = heading.map((_, column) => Math.max(3, ...cells.map((row) => row[column]!.length)))
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)))
  return [lines[0]!, widths.map((width) => '-'.repeat(width)), ...lines.slice(1)]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n')
}

/** Returns a text as code in Markdown. */
export function toCode(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}

function toCell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')
}
