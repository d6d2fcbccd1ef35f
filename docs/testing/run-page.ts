import { AssertionError } from 'node:assert'
import { HoldfastError, type Service } from 'holdfast'
import { createHealth } from 'holdfast/health'
import { createTestService, type TestService, until } from 'holdfast/testing'
import type { Block } from './extract-blocks.ts'
import { fillIn } from './fill-in.ts'
import { matchesText } from './match.ts'
import type { Page } from './page.ts'
import { parseExchange } from './parse-exchange.ts'
import { type Received, runExchange } from './run-exchange.ts'

/**
 * Imports the code of a page, and checks that the services that must not start fail with the
 * messages in the page. Then sends the exchanges in order, each to the closest service that the
 * page defines above it. An exchange marked `background` keeps running while the next exchanges,
 * marked `meanwhile`, are sent.
 */
export async function runPage({ blocks }: Page, runPath: string): Promise<void> {
  const exported = (await import(/* @vite-ignore */ runPath)) as Readonly<Record<string, unknown>>
  for (const block of blocks) if (isRefusal(block)) await checkRefusal(block, exported)
  const exchanges = blocks.filter(({ language }) => language === 'http')
  const byService = Map.groupBy(exchanges, (block) => serviceAbove(block, blocks))
  for (const [name, own] of byService) {
    const service = exported[name ?? '']
    if (!isService(service)) throw failure(own[0]!, 'the page exports no service above this')
    const log: string[] = []
    await using tested = await createTestService(service, {
      onLog: (line) => log.push(line),
      http: { pages: createHealth(service.problemTypeBase).pages },
    })
    await runExchanges(own, tested).catch((error: unknown) => {
      process.stderr.write(`${log.join('\n')}\n`)
      throw error
    })
  }
}

function isRefusal({ language, words }: Block): boolean {
  return language === 'text' && words[0] === 'refused'
}

/** Returns the name under which a page exports the closest service above a block. */
function serviceAbove({ line }: Block, blocks: readonly Block[]): string | undefined {
  const code = blocks.filter((block) => block.language === 'ts' && block.line < line)
  return code
    .flatMap(({ lines }) => lines.map((text) => /^export const (\w+) = (?:.*\.)?service\(/.exec(text)?.[1]))
    .findLast((name) => name !== undefined)
}

/** Starts a service that must fail to start, and compares the error message with the block. */
async function checkRefusal(block: Block, exported: Readonly<Record<string, unknown>>): Promise<void> {
  const service = exported[block.words[1] ?? '']
  if (!isService(service)) throw failure(block, `the page exports no service "${block.words[1]}"`)
  const expected = block.lines.join('\n')
  const found = await createTestService(service).then(
    () => 'it starts',
    (error: unknown) => (error instanceof HoldfastError ? error.message : String(error)),
  )
  if (!matchesText(expected, found)) throw failure(block, `expected: ${expected}\nfound: ${found}`)
}

async function runExchanges(
  blocks: readonly Block[],
  tested: TestService<Service['operations']>,
): Promise<void> {
  const received = new Map<string, Received>()
  const running: Promise<Received>[] = []
  for (const block of blocks) {
    if (!block.words.includes('meanwhile')) await Promise.all(running.splice(0))
    const exchange = parseExchange(fillIn(block, received))
    const send = (): Promise<Received> => runExchange(exchange, (path, init) => tested.fetch(path, init))
    const sent = block.words.includes('eventually') ? retried(send) : send()
    if (block.words.includes('background')) {
      running.push(sent)
      const isOver = sent.then(
        () => true,
        () => true,
      )
      await until(() => Promise.race([isOver, hasClaimed(tested)]), { what: 'a call that holds its key' })
      continue
    }
    const answer = await sent
    const name = block.words.find((word) => word !== 'meanwhile' && word !== 'eventually')
    if (name !== undefined) received.set(name, answer)
  }
  await Promise.all(running)
}

/** Repeats a request until the response matches the page. Throws the last mismatch on timeout. */
async function retried(send: () => Promise<Received>): Promise<Received> {
  let last: unknown
  const right = await until(
    async () => {
      try {
        return await send()
      } catch (error) {
        last = error
        return undefined
      }
    },
    { what: 'the answer that the page shows' },
  ).catch(() => undefined)
  if (right === undefined) throw last
  return right
}

/** Returns true if a running mutation of the service holds its key. */
async function hasClaimed(tested: TestService<Service['operations']>): Promise<boolean> {
  const locks = await tested.sql(
    `select from pg_locks join pg_database on pg_database.oid = database
     where locktype = 'advisory' and datname = current_database()`,
  )
  return locks.length > 0
}

function isService(value: unknown): value is Service {
  return typeof value === 'object' && value !== null && 'start' in value && 'operations' in value
}

function failure(block: Block, message: string): AssertionError {
  return new AssertionError({ message: `line ${block.line}: ${message}` })
}
