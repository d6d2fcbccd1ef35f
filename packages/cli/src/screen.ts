import { styleText } from 'node:util'

/** The output that text is formatted for. */
export interface Screen {
  /** The width in columns; `undefined` (no limit) if the output is not a terminal. */
  readonly columns: number | undefined
  readonly now: Date
  /** Returns the text, emphasized if the output supports it. */
  strong(text: string): string
}

/** Returns the screen of the process's stdout. */
export function openScreen(): Screen {
  const { stdout } = process
  return {
    columns: stdout.isTTY ? stdout.columns : undefined,
    now: new Date(),
    // The text is plain if stdout is not a terminal, or if NO_COLOR is set.
    strong: (text) => styleText('bold', text, { stream: stdout }),
  }
}
