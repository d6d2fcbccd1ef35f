import { errors } from '@nats-io/transport-node'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

export function serverUnreachable(servers: readonly string[], cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-unreachable',
    `NATS cannot be reached at ${servers.map(withoutCredentials).join(', ')}: ${reasonOf(cause)}. Start it, or mend the servers and credentials that nats({ … }) is given.`,
    { cause },
  )
}

export function streamMissing(what: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'nats-stream-missing',
    `NATS has ${what}. Create the stream (nats stream add), or have nats({ stream, createStream: { subjects: […] } }) do so; the server needs JetStream (nats-server --jetstream).`,
    { cause },
  )
}

export function messageRefused(subject: string, id: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-refused',
    `NATS has not taken the message ${id} under the subject "${subject}": ${reasonOf(cause)}. See the limits of the stream and the permissions of the user; it is sent again until it is taken.`,
    { cause },
  )
}

export function streamRefused(stream: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-refused',
    `NATS has not let the stream "${stream}" be looked at or made: ${reasonOf(cause)}. See the permissions of the user, and what createStream says.`,
    { cause },
  )
}

/** Returns whether the subject of a request has no subscribers on the server. */
export function hasNoResponders(error: unknown): boolean {
  if (error instanceof errors.NoRespondersError) return true
  return error instanceof Error && hasNoResponders(error.cause)
}

/** Returns whether the server did not answer in time. */
export function hasTimedOut(error: unknown): boolean {
  if (error instanceof errors.TimeoutError) return true
  return error instanceof Error && hasTimedOut(error.cause)
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** Returns the URL of a server without its credentials, for messages. */
function withoutCredentials(server: string): string {
  return server.replace(/^(\w+:\/\/)?[^@/]*@/, '$1')
}
