import { JetStreamApiCodes, JetStreamApiError, jetstreamManager, type StreamAPI } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { hasNoResponders, streamMissing, streamRefused } from './failures.ts'
import type { NatsOptions } from './nats-options.ts'

/**
 * Checks that the stream for the messages exists, and creates it if `createStream` is set.
 *
 * @throws HoldfastError `nats-stream-missing` or `broker-refused`.
 */
export async function ensureStream(
  client: NatsConnection,
  { stream, createStream }: Pick<NatsOptions, 'stream' | 'createStream'>,
): Promise<void> {
  if (stream === undefined) return
  const { streams } = await jetstreamManager(client, { checkAPI: false })
  try {
    if (await isThere(streams, stream)) return
    if (createStream) await streams.add({ ...createStream, name: stream })
  } catch (error) {
    throw hasNoResponders(error) ? streamMissing('no JetStream', error) : streamRefused(stream, error)
  }
  if (!createStream) throw streamMissing(`no stream "${stream}"`, undefined)
}

async function isThere(streams: StreamAPI, name: string): Promise<boolean> {
  try {
    await streams.info(name)
    return true
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return false
    throw error
  }
}
