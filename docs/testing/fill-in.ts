import { AssertionError } from 'node:assert'
import type { Block } from './extract-blocks.ts'
import type { Received } from './run-exchange.ts'

/**
 * Returns a block in which every `{{name.member}}` is replaced by that member of the response to
 * the block `name`.
 */
export function fillIn(block: Block, received: ReadonlyMap<string, Received>): Block {
  const lines = block.lines.map((line, index) =>
    line.replaceAll(/\{\{([\w.-]+)\}\}/g, (reference, path: string) => {
      const [name = '', ...members] = path.split('.')
      const value = members.reduce<unknown>(
        (part, member) => (part as Received | undefined)?.[member],
        received.get(name),
      )
      if (typeof value === 'string' || typeof value === 'number') return String(value)
      throw new AssertionError({
        message: `line ${block.line + index}: no earlier response contains the member ${reference}`,
      })
    }),
  )
  return { ...block, lines }
}
