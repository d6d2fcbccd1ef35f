import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokenLinks } from './broken-links.ts'
import { checkTypes } from './check-types.ts'
import { extractBlocks } from './extract-blocks.ts'
import type { Page } from './page.ts'
import { createRunFolder, type RunFolder } from './run-folder.ts'
import { runPage } from './run-page.ts'
import { writeModules } from './write-modules.ts'

// Plants errors in pages. The checks must find each of them.

let folder: RunFolder

beforeAll(async () => {
  folder = await createRunFolder()
})

afterAll(() => folder.remove())

let pages = 0
const pageOf = (text: string): Page => {
  pages += 1
  return { name: `planted-${pages}`, text, blocks: extractBlocks(text) }
}

async function run(text: string): Promise<void> {
  const page = pageOf(text)
  const modules = await writeModules([page], folder.path)
  await runPage(page, modules.get(page)!.runPath)
}

async function check(...texts: readonly string[]): Promise<readonly string[]> {
  const modules = await writeModules(texts.map(pageOf), folder.path)
  return checkTypes(modules.values(), folder.path)
}

const service = `# Echo

\`\`\`ts
import { anyone, holdfast } from 'holdfast'
import { z } from 'zod'

const { query, service } = holdfast()
const echo = query({
  route: 'GET /echo/{text}',
  access: anyone('a test'),
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string(), list: z.array(z.int()).max(3) }),
  run: ({ input }) => ({ text: input.text, list: [1, 2] }),
})
export const echoes = service({ name: 'echoes', operations: { echo } })
\`\`\`
`
const shown = (answer: string): string => `${service}
\`\`\`http
GET /echo/hey

${answer}
\`\`\`
`

describe('an exchange', () => {
  test.each([
    'HTTP/1.1 200 OK\nContent-Type: application/json\n\n{ "text": "hey", "list": [1, 2] }',
    'HTTP/1.1 200 OK\nETag: "…"\n\n{ "text": "h…", "list": "…" }',
    'HTTP/1.1 200 OK\n\n…',
  ])('that matches passes: %j', (answer) => run(shown(answer)))

  test.each([
    ['HTTP/1.1 201 Created', /line 21: the status is not .*\nexpected: 201 Created\nfound: 200 OK/],
    ['HTTP/1.1 200 OK\nX-A: b\n\n…', /line 22: the header x-a is not .*\nexpected: b\nfound: \(none\)/],
    ['HTTP/1.1 200 OK', /line 21: the body is not/],
    ['HTTP/1.1 200 OK\n\n{ "text": "ho…", "list": "…" }', /line 23: the body, at text is not/],
    ['HTTP/1.1 200 OK\n\n{ "text": "hey", "list": [1] }', /line 23: the body, at list is not/],
    ['HTTP/1.1 200 OK\n\n{ "text": "hey" }', /line 23: the body, at list is not/],
    ['HTTP/1.1 200 OK\n\n{ "text": "hey", "list": "…", "more": "…" }', /line 23: the body, at more is not/],
    ['HTTP/1.1 200 OK\n\n{ "text": "{{nothing.text}}" }', /line 23: no earlier response contains the member/],
    ['200 OK', /line 19: a block of HTTP begins/],
  ])('that does not match fails: %j', async (answer, message) => {
    await expect(run(shown(answer))).rejects.toThrow(message)
  })

  test('without a service fails', async () => {
    await expect(run('```http\nGET /\n\nHTTP/1.1 200 OK\n```\n')).rejects.toThrow(/line 2: .* no service/)
  })
})

test('a service that starts although the page expects a failure fails', async () => {
  await expect(run(`${service}\n\`\`\`text refused echoes\nsomething is wrong\n\`\`\``)).rejects.toThrow(
    /it starts/,
  )
})

test('code that throws fails', async () => {
  await expect(run('```ts\nexport const value = JSON.parse("")\n```\n')).rejects.toThrow(SyntaxError)
})

test('compile errors are reported with their locations on the page, and so are expected ones that do not occur', async () => {
  // Code that is not executed is still compiled.
  const wrong = '\n```ts no-run\nexport const text: string = 1\n```\n'
  const right = '```ts\n// @ts-expect-error\nexport const text: string = ""\n```\n'
  expect(await check(wrong, right)).toEqual([
    expect.stringMatching(/^docs\/planted-\d+\.md:3:14: TS2322: /),
    expect.stringMatching(/^docs\/planted-\d+\.md:2:1: TS2578: /),
  ])
})

test('a broken link is reported', () => {
  const page = pageOf(
    '[a](operations.md#deadlines) [b](operations.md#none) [c](none.md) [d](https://example.com)',
  )
  expect(brokenLinks(page).map((link) => link.replace(/^.*: /, ''))).toEqual([
    '(operations.md#none)',
    '(none.md)',
  ])
})
