import { AssertionError } from 'node:assert'
import type { Block } from './extract-blocks.ts'
import type { Received } from './run-exchange.ts'

/**
 * A block with every `{{name.member}}` replaced by what the answer of the block called `name` had
 * there.
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
        message: `line ${block.line + index}: no answer before has what ${reference} names`,
      })
    }),
  )
  return { ...block, lines }
}
