import { styleText } from 'node:util'

/** Where text is shown. */
export interface Screen {
  /** How many columns wide it is; `undefined` where it is no terminal, and nothing has to fit. */
  readonly columns: number | undefined
  readonly now: Date
  /** Text that stands out, where that can be. */
  strong(text: string): string
}

/** The screen that the process writes to. */
export function openScreen(): Screen {
  const { stdout } = process
  return {
    columns: stdout.isTTY ? stdout.columns : undefined,
    now: new Date(),
    // Plain where it is no terminal, or NO_COLOR says so.
    strong: (text) => styleText('bold', text, { stream: stdout }),
  }
}
