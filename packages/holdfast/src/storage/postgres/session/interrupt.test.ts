import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { systemWork } from '../../../kernel/host/work.ts'
import { Connection, type ConnectionParts } from './connection.ts'
import type { DriverClient } from './driver-client.ts'
import type { Wire } from '../wire/wire.ts'

/**
 * A driver client without a server: it answers each statement with one row too many, then with a
 * failure.
 */
class LostClient extends EventEmitter {
  /** The arguments passed to `release`: true if the client must be closed. */
  readonly released: unknown[] = []
  // No server listens here, so cancel requests fail.
  readonly host = '/nowhere'
  readonly port = 1
  readonly processID = 1
  readonly secretKey = 1
  readonly tls = { options: undefined, isVerified: false, isDirect: false }
  readonly connection = { stream: { destroy() {} } }
  readonly wire: Wire

  constructor(status: string) {
    super()
    this.wire = {
      transactionStatus: status,
      hasPrepared: () => false,
      send(statement) {
        statement.takesRow()
        setImmediate(() => statement.fail(new Error('the driver has failed')))
      },
      group: (begin) => begin(),
      together: (begin) => begin(),
    }
  }

  release(_client: unknown, isClosed: boolean): void {
    this.released.push(isClosed)
  }
}

function connectionOf(client: LostClient): Connection {
  const statements = { begin: () => ({ end() {}, fail() {} }) }
  return new Connection(client as unknown as DriverClient, {
    work: systemWork(AbortSignal.timeout(60_000)),
    sessions: client,
    statements: statements as unknown as ConnectionParts['statements'],
    prepared: undefined,
    limits: undefined,
    lifetimes: { isExpired: () => false } as unknown as ConnectionParts['lifetimes'],
    isReadOnly: false,
    showsValues: false,
  })
}

test('a connection whose interrupt failed is closed', async () => {
  const client = new LostClient('I')
  const connection = connectionOf(client)
  const guard = { maxRows: 0, tooManyRows: () => new Error('too many rows') }
  await expect(connection.query({ text: 'select 1', guard } as never)).rejects.toThrow('too many rows')
  expect(client.released).toEqual([true])
})

test.each(['T', 'E'])('a connection that is still in a transaction (%s) is closed', (status) => {
  const client = new LostClient(status)
  connectionOf(client).release()
  expect(client.released).toEqual([true])
})
