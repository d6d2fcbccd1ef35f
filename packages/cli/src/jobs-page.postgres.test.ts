import { readFile } from 'node:fs/promises'
import { anyone, GiveUp, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { extractBlocks } from '../../../docs/testing/extract-blocks.ts'
import { runHoldfast } from './run-holdfast.fixture.ts'

const { job, mutation, service } = holdfast({ database: postgres() })

const sendInvoice = job({
  name: 'send-invoice',
  input: z.object({ order: z.int() }),
  run: ({ input: { order } }) => {
    throw new GiveUp(`There is no order ${order}.`)
  },
})
const placeOrder = mutation({
  route: 'POST /orders',
  access: anyone('a test'),
  input: z.object({ order: z.int() }),
  async run({ input, jobs }) {
    await jobs.enqueue(sendInvoice, input)
  },
})
const shop = service({ name: 'jobs-page', operations: { placeOrder }, jobs: [sendInvoice] })

interface Shown {
  readonly line: string
  readonly output: string
}

/** Returns the commands on the page, each with the output that the page shows. */
async function readPage(): Promise<readonly Shown[]> {
  const page = await readFile(new URL('../../../docs/jobs.md', import.meta.url), 'utf8')
  const blocks = extractBlocks(page).filter(({ language }) => language === 'console')
  return blocks
    .flatMap(({ lines }) => `\n${lines.join('\n')}`.split('\n$ npx holdfast ').slice(1))
    .map((shown) => {
      const [line = '', ...output] = shown.split('\n')
      return { line, output: output.join('\n').trim() }
    })
}

const ids = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/**
 * Removes the parts of a text that differ between runs, and the column widths that depend on these
 * parts.
 */
function normalize(text: string): string {
  return text
    .replaceAll(ids, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/00-[0-9a-f]{32}-[0-9a-f]{16}-\d\d/g, '<trace>')
    .replaceAll(/\b\d+[smhd]\b/g, '<age>')
    .replaceAll(/ +/g, ' ')
    .trim()
}

test('the commands on the jobs page print what the page shows', async () => {
  await using on = await createTestService(shop, { onLog: () => {}, worker: false })
  await on.call.placeOrder({ order: 7 })
  // Job ids begin with the millisecond of their creation and are listed in that order.
  const then = Date.now()
  await until(() => Date.now() > then)
  await on.call.placeOrder({ order: 8 })
  const worker = await on.running.startWorker()
  await until(async () => (await on.sql(`select from holdfast.all_jobs where state = 'dead'`)).length === 2)
  await worker!.stop(1_000)

  const shown = await readPage()
  expect(shown.map(({ line }) => line.split(' ')[1])).toEqual(
    expect.arrayContaining(['list', 'show', 'retry', 'pause', 'redrive', 'resume', 'cancel']),
  )
  const known = new Map<string, string>()
  for (const { line, output } of shown) {
    const words = line.replaceAll(ids, (id) => known.get(id) ?? id).split(' ')
    const { stdout, stderr } = await runHoldfast(words, { databaseUrl: on.databaseUrl })
    expect(normalize(`${stdout}${stderr}`), line).toBe(normalize(output))
    const found = stdout.match(ids) ?? []
    for (const [index, id] of (output.match(ids) ?? []).entries()) known.set(id, found[index]!)
  }
})
