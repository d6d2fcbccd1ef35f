/** A fenced block of a Markdown page. */
export interface Block {
  /** The first word of the info string: `ts`, `http`, `sql`, … */
  readonly language: string
  /** The other words of the info string. */
  readonly words: readonly string[]
  /** The page's line that the block's text begins on, from 1. */
  readonly line: number
  /** The lines of the block, without the fences. */
  readonly lines: readonly string[]
}

const fenceForm = /^(`{3,})\s*(.*)$/

/** Returns the fenced blocks of a Markdown text, in order. */
export function extractBlocks(markdown: string): readonly Block[] {
  const blocks: Block[] = []
  let open: { readonly fence: string; readonly info: string; readonly line: number } | undefined
  let lines: string[] = []
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, fence, info] = fenceForm.exec(line) ?? []
    if (open && fence !== undefined && fence.length >= open.fence.length && info === '') {
      const [language = '', ...words] = open.info.split(/\s+/)
      blocks.push({ language, words, line: open.line, lines })
      open = undefined
    } else if (open) {
      lines.push(line)
    } else if (fence !== undefined) {
      open = { fence, info: info ?? '', line: index + 2 }
      lines = []
    }
  }
  return blocks
}
