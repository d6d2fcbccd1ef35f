// This module is loaded before a program (`node --import`). The module lists the points at which
// the program communicates with its servers, and kills the program at one of these points. A
// process can die before it sends bytes, after it has sent them, or before it has processed a
// response. To a server, a death at any other point looks like a death at one of these points.
import { Socket } from 'node:net'
import '../../test/end-with-parent.ts'
import type { CheckpointReport, CheckpointRequest } from './checkpoint.ts'
import { inTransaction, labelOf } from './checkpoint-label.ts'

const ports = new Set((process.env['CHECKPOINT_PORTS'] ?? '').split(',').map(Number))

let passed: string[] | undefined
let fatal: CheckpointRequest['kill']
const times = new Map<string, number>()

/** Records that the process has reached a point. Kills the process if it has to die there. */
function pass(label: string): void {
  if (!passed) return
  passed.push(label)
  const occurrence = (times.get(label) ?? 0) + 1
  times.set(label, occurrence)
  if (fatal?.label === label && fatal.occurrence === occurrence) process.kill(process.pid, 'SIGKILL')
}

process.on('message', ({ begin, kill, report }: CheckpointRequest) => {
  if (begin === true) return
  if (report === true) {
    process.send?.({ checkpoints: passed ?? [] } satisfies CheckpointReport)
    passed = undefined
    return
  }
  passed = []
  fatal = kill
  times.clear()
  process.send?.({ checkpoints: [] } satisfies CheckpointReport)
})
process.channel?.unref()

type Callback = (error?: Error | null) => void
interface Chunk {
  readonly chunk: Buffer
  readonly encoding: BufferEncoding
}
/** The internal methods that a stream's class implements. */
interface Inner {
  _write(chunk: Buffer | string, encoding: BufferEncoding, callback: Callback): void
  _writev(chunks: readonly Chunk[], callback: Callback): void
  push(chunk: Buffer | null): boolean
}

function watch(socket: Socket & Inner): void {
  const write = socket._write.bind(socket)
  const writeAll = socket._writev.bind(socket)
  const push = socket.push.bind(socket)
  let said = 'connection'
  let isOpen = false

  function around(bytes: Buffer, callback: Callback, send: (then: Callback) => void): void {
    said = labelOf(bytes)
    const begins = said.search(/\bbegin\b/i)
    const ends = said.search(/\b(?:commit|rollback)\b/i)
    if (isOpen && begins === -1 && ends === -1) said = inTransaction(said)
    else isOpen = begins > ends
    const label = said
    pass(`before ${label}`)
    send((error) => {
      pass(`after ${label}`)
      callback(error)
    })
  }

  socket._write = (chunk, encoding, callback) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
    around(bytes, callback, (then) => write(chunk, encoding, then))
  }
  socket._writev = (chunks, callback) => {
    const bytes = Buffer.concat(
      chunks.map(({ chunk, encoding }) => (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)),
    )
    around(bytes, callback, (then) => writeAll(chunks, then))
  }
  socket.push = (chunk) => {
    if (chunk) pass(`answer to ${said}`)
    return push(chunk)
  }
}

const connect = Reflect.get(Socket.prototype, 'connect') as (this: Socket, ...options: unknown[]) => Socket
Reflect.set(Socket.prototype, 'connect', function (this: Socket & Inner, ...options: unknown[]): Socket {
  if (portsOf(options).some((port) => ports.has(port))) watch(this)
  return connect.apply(this, options)
})

/** Returns the ports in the options of a `connect` call, which have several forms. */
function portsOf(options: readonly unknown[]): readonly number[] {
  return options.flat().flatMap((option) => {
    if (typeof option === 'number') return [option]
    return typeof option === 'object' && option !== null && 'port' in option ? [Number(option.port)] : []
  })
}
