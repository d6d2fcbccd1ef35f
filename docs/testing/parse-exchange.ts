import { AssertionError } from 'node:assert'
import type { Block } from './extract-blocks.ts'

/** A header field as written in a page, and its line in the page. */
export interface Field {
  readonly name: string
  readonly value: string
  readonly line: number
}

/** A request in a page, and the response that the page shows. */
export interface Exchange {
  readonly method: string
  readonly target: string
  readonly fields: readonly Field[]
  /** Empty if there is none. */
  readonly body: string
  readonly answer: {
    /** The status code and the reason phrase: `201 Created`. */
    readonly status: string
    readonly line: number
    readonly fields: readonly Field[]
    /** Empty if there is none. */
    readonly body: string
    /** The first line of the body; if there is no body, the last line of the answer. */
    readonly bodyLine: number
  }
}

const statusForm = /^HTTP\/1\.1 (\d{3} .+)$/

/**
 * Parses a block of HTTP: a request and then a response. Each has header fields, an empty line and
 * a body.
 */
export function parseExchange(block: Block): Exchange {
  const split = block.lines.findIndex((line) => statusForm.test(line))
  const [method, target, ...rest] = (block.lines[0] ?? '').split(' ')
  if (split === -1 || method === undefined || target === undefined || rest.length > 0) {
    throw new AssertionError({
      message: `line ${block.line}: a block of HTTP begins with a request line such as "GET /notes", and its response with a status line such as "HTTP/1.1 200 OK"`,
    })
  }
  const request = parseMessage(block.lines.slice(1, split), block.line + 1)
  const answer = parseMessage(block.lines.slice(split + 1), block.line + split + 1)
  return {
    method,
    target,
    fields: request.fields,
    body: request.body,
    answer: { status: statusForm.exec(block.lines[split]!)![1]!, line: block.line + split, ...answer },
  }
}

interface Message {
  readonly fields: readonly Field[]
  readonly body: string
  readonly bodyLine: number
}

function parseMessage(lines: readonly string[], firstLine: number): Message {
  const gap = lines.indexOf('')
  const end = gap === -1 ? lines.length : gap
  const fields = lines.slice(0, end).map((line, index): Field => {
    const colon = line.indexOf(':')
    return {
      name: line.slice(0, colon).toLowerCase(),
      value: line.slice(colon + 1).trim(),
      line: firstLine + index,
    }
  })
  return {
    fields,
    body: lines
      .slice(end + 1)
      .join('\n')
      .trim(),
    bodyLine: firstLine + (gap === -1 ? end - 1 : end + 1),
  }
}
