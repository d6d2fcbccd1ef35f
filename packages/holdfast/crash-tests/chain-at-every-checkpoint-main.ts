import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { limitedWork } from '../src/kernel/host/work.ts'
import { createLogger } from '../src/kernel/base/log.ts'
import { chainTrail } from '../src/identity/trail/chain-trail.ts'
import { findUnchained, type HeadRow } from '../src/identity/trail/queries/chain.ts'
import { firstHash, hashOf, type TrailRow } from '../src/identity/trail/trail-row.ts'
import { createPool, type Pool } from '../src/storage/postgres/pool/pool.ts'
import { withConnection } from '../src/storage/postgres/pool/with-connection.ts'

// A process that chains the trail of a service for each request. The path is the name of the
// service. With the query `?unsafe` it is the negative control of the test: it chains as an
// application would, with a statement for each row and one for the head, each its own commit.
process.channel?.ref()
process.send?.({ isLoaded: true })
await once(process, 'message')
process.channel?.unref()

const pool = createPool({
  connectionString: process.env['DATABASE_URL']!,
  applicationName: 'chaining',
  log: createLogger({ level: 'error', write: () => {} }),
  // With prepared statements, the sent bytes would not contain the text of each statement.
  usesPreparedStatements: false,
})

async function chainUnsafely(own: Pool, name: string): Promise<number> {
  return withConnection(own, limitedWork(15_000), async (connection) => {
    const run = async (text: string, values: readonly unknown[]) =>
      (await connection.run<HeadRow>({ text, values })).rows
    await run(
      `insert into holdfast.trail_heads (service, position, hash) values ($1, 0, '') on conflict do nothing`,
      [name],
    )
    const [head] = await run(
      `select position, encode(hash, 'hex') as hash from holdfast.trail_heads where service = $1`,
      [name],
    )
    const { rows } = await connection.run<TrailRow>(findUnchained(name, 500))
    let position = BigInt(head!.position)
    let previous = position === 0n ? firstHash : head!.hash
    for (const row of rows) {
      position += 1n
      previous = hashOf(row, { position: String(position), previous })
      await run(
        `update holdfast.trail set position = $3, hash = decode($4, 'hex') where service = $1 and id = $2`,
        [name, row.id, String(position), previous],
      )
    }
    await run(
      `update holdfast.trail_heads set position = $2, hash = decode($3, 'hex') where service = $1 and $2::bigint > 0`,
      [name, String(position), previous],
    )
    return rows.length
  })
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost')
  const name = pathname.slice(1)
  const chained = searchParams.has('unsafe')
    ? chainUnsafely(pool, name)
    : chainTrail(pool, name, new AbortController().signal)
  chained.then(
    (rows) => response.end(String(rows)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
})
await once(server.listen(0, '127.0.0.1'), 'listening')
process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
