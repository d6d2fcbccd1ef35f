import type { SettingDescription } from '../../kernel/host/settings.ts'

/**
 * Returns settings as a Markdown table, for the documentation of a program.
 *
 * @example
 * ```ts
 * const config = settings({
 *   MAIL_REGION: setting(text(), { description: 'The region of the mails.', default: 'eu' }),
 * })
 * console.log(settingsTable(config.descriptions))
 * ```
 */
export function settingsTable(descriptions: readonly SettingDescription[]): string {
  const heading = ['variable', 'description', 'valid values', 'default']
  const rows = descriptions.map(({ name, description, valid, default: fallback, isSecret }) => [
    `\`${name}\`${isSecret ? ' (secret)' : ''}`,
    toCell(description),
    toCell(valid),
    fallback === undefined ? 'required' : toCell(fallback),
  ])
  const widths = heading.map((_, column) => Math.max(...[heading, ...rows].map((row) => row[column]!.length)))
  const toLine = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [toLine(heading), toLine(widths.map((width) => '-'.repeat(width))), ...rows.map(toLine)].join('\n')
}

function toCell(text: string): string {
  return text.replaceAll('|', String.raw`\|`).replaceAll('\n', ' ')
}
