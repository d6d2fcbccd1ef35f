import { randomUUIDv7 } from 'node:crypto'
import { until } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import { expect, test } from 'vitest'
import { createApiKey, startLedger } from './ledger-server.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

/*
 * Goal: the answer of a key stays the same even if each process that sends it is killed afterwards.
 *
 * Method: a server is killed while a row lock blocks its transfer. Then the same key is sent four
 * times, and the server is killed after each response. All responses must be the same, and there
 * must be one transfer.
 */

test('kill -9 of the server between the retries of one key leaves one transfer', async () => {
  const database = await createMigratedDatabase()
  const server = await startLedger(database.url)
  const authorization = await createApiKey(server)
  const looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  const post = (path: string, key: string, body: object): Promise<Response> =>
    fetch(server.url + path, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    })
  const open = async (name: string): Promise<string> => {
    const answer = await post('/accounts', randomUUIDv7(), { name, currency: 'EUR' })
    return ((await answer.json()) as { id: string }).id
  }

  try {
    const [from, to] = [await open('from'), await open('to')]
    await post('/deposits', randomUUIDv7(), { account: from, amount: 1_000 })
    const key = randomUUIDv7()
    const transfer = { from, to, amount: 10, memo: 'once' }

    // The first request is blocked midway: its transaction waits for the account while its process
    // is killed.
    await looking.query('begin')
    await looking.query('select from accounts where id = $1 for update', [from])
    const lost = post('/transfers', key, transfer).catch((error: unknown) => error)
    await until(async () => {
      const { rows } = await looking.query(`select from pg_locks where not granted`)
      return rows.length > 0
    })
    await server.killAndRestart()
    expect(await lost).toBeInstanceOf(TypeError)
    await looking.query('rollback')

    const answers: string[] = []
    for (let retry = 0; retry < 4; retry += 1) {
      const answer = await until(
        async () => {
          const response = await post('/transfers', key, transfer)
          const body = await response.text()
          return response.status === 201 ? body : undefined
        },
        { what: 'a final answer' },
      )
      answers.push(answer)
      await server.killAndRestart()
    }

    expect(new Set(answers).size).toBe(1)
    const { rows } = await looking.query(`select id from transfers where memo = 'once'`)
    expect(rows).toEqual([{ id: (JSON.parse(answers[0]!) as { id: string }).id }])
  } finally {
    await server.stop()
    await looking.end()
    await database.drop()
  }
}, 300_000)
