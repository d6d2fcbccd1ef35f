import type pg from 'pg'
import { type ClientInternals, closeSocket, readInstead } from '../session/driver-internals.ts'
import { ConnectionEnded } from './connection-ended.ts'
import { SocketWire } from './socket-wire.ts'

/**
 * Returns the wire of a client that has not connected yet. The client connects, authenticates and
 * ends the session. The wire reads all messages, and passes on to the client those that do not
 * concern a statement.
 */
export function openSocketWire(client: pg.Client & ClientInternals): SocketWire {
  const wire = new SocketWire({
    types: client,
    write(bytes) {
      const { stream } = client.connection
      if (stream.writable) stream.write(bytes)
    },
    handOver: (message) => handOver(message),
    broken(error) {
      client.emit('error', error)
      closeSocket(client)
    },
  })
  const handOver = readInstead(client, (chunk) => wire.read(chunk))
  client.on('error', (error) => wire.end(error))
  client.once('end', () => wire.end(new ConnectionEnded()))
  return wire
}
