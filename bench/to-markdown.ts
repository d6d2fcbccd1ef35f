import type { Table } from './benchmark.ts'

/** Returns a Markdown table, with the title before the table and the note after it. */
export function toMarkdown({ title, columns, rows, note }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    `#### ${title}`,
    '',
    line(columns.map(({ heading }) => heading)),
    line(columns.map(({ isFigure }) => (isFigure === true ? '---:' : '---'))),
    ...rows.map(line),
    ...(note === undefined ? [] : ['', note]),
  ].join('\n')
}
