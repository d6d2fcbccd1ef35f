import { errors } from '@nats-io/transport-node'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

export function serverUnreachable(servers: readonly string[], cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-unreachable',
    `Cannot connect to NATS at ${servers.map(withoutCredentials).join(', ')}: ${reasonOf(cause)}. Start NATS, or fix the servers and credentials passed to nats({ … }).`,
    { cause },
  )
}

export function streamMissing(what: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'nats-stream-missing',
    `NATS has ${what}. Create the stream (nats stream add), or set nats({ stream, createStream: { subjects: […] } }); the server needs JetStream (nats-server --jetstream).`,
    { cause },
  )
}

export function messageRefused(subject: string, id: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-refused',
    `NATS rejected the message ${id} with the subject "${subject}": ${reasonOf(cause)}. Check the stream's limits and the user's permissions; the message is sent again until it is accepted.`,
    { cause },
  )
}

export function streamRefused(stream: string, cause: unknown): HoldfastError {
  return new HoldfastError(
    'broker-refused',
    `NATS refused to show or create the stream "${stream}": ${reasonOf(cause)}. Check the user's permissions and the option createStream.`,
    { cause },
  )
}

/** Returns true if a request's subject has no subscriber on the server. */
export function hasNoResponders(error: unknown): boolean {
  if (error instanceof errors.NoRespondersError) return true
  return error instanceof Error && hasNoResponders(error.cause)
}

/** Returns true if the server did not answer in time. */
export function hasTimedOut(error: unknown): boolean {
  if (error instanceof errors.TimeoutError) return true
  return error instanceof Error && hasTimedOut(error.cause)
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

/** Returns the URL of a server for error messages, which must not contain its credentials. */
function withoutCredentials(server: string): string {
  return server.replace(/^(\w+:\/\/)?[^@/]*@/, '$1')
}
