import { columnTypes } from '../session/column-types.ts'
import { OutgoingStatement } from './outgoing-statement.ts'
import { SocketWire } from './socket-wire.ts'

/** Returns a message of a server. */
export function message(type: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

export const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}
export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

export const parsed = message('1')
export const bound = message('2')
export const ready = (status: string): Buffer => message('Z', status)
export const complete = (tag: string): Buffer => message('C', `${tag}\0`)
export const described = (columns: Readonly<Record<string, number>>): Buffer =>
  message(
    'T',
    int16(Object.keys(columns).length),
    ...Object.entries(columns).map(([name, type]) =>
      Buffer.concat([
        Buffer.from(`${name}\0`),
        int32(0),
        int16(0),
        int32(type),
        int16(-1),
        int32(-1),
        int16(0),
      ]),
    ),
  )
export const row = (...values: readonly (string | null)[]): Buffer =>
  message(
    'D',
    int16(values.length),
    ...values.flatMap((value) =>
      value === null ? [int32(-1)] : [int32(Buffer.byteLength(value)), Buffer.from(value)],
    ),
  )
export const failure = (fields: Readonly<Record<string, string>>): Buffer =>
  message('E', ...Object.entries(fields).map(([type, text]) => `${type}${text}\0`), '\0')

export const int4 = 23
export const text = 25
export const json = 114

/** A wire without a server, which has just become ready. */
export class Wired {
  readonly written: Buffer[] = []
  readonly handedOver: Buffer[] = []
  readonly outcomes: unknown[] = []
  broken: Error | undefined
  brokenTimes = 0
  readonly wire: SocketWire
  tooManyRows = 0

  constructor() {
    this.wire = new SocketWire({
      types: columnTypes,
      write: (bytes) => void this.written.push(bytes),
      handOver: (bytes) => void this.handedOver.push(Buffer.from(bytes)),
      broken: (error) => {
        this.broken = error
        this.brokenTimes += 1
      },
    })
    this.wire.read(ready('I'))
  }

  send(text: string, options: Partial<ConstructorParameters<typeof OutgoingStatement>[0]> = {}): void {
    const index = this.outcomes.push('open') - 1
    this.wire.send(
      new OutgoingStatement(
        { text, queryMode: 'extended', ...options },
        {
          values: options.values,
          receiver: {
            succeed: (result) => void (this.outcomes[index] = result),
            fail: (error) => void (this.outcomes[index] = error),
          },
          tooManyRows: () => (this.tooManyRows += 1),
        },
      ),
    )
  }

  /** Reads bytes, split at these positions. */
  read(bytes: Buffer, cuts: readonly number[] = []): this {
    let from = 0
    for (const to of [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)) {
      this.wire.read(bytes.subarray(from, to))
      from = to
    }
    this.wire.read(bytes.subarray(from))
    return this
  }
}

export const answer = Buffer.concat([
  parsed,
  bound,
  described({ id: int4, name: text, data: json, __proto__x: text }),
  row('1', 'ann', '{"a":[1,2]}', null),
  message('N', 'SNOTICE\0\0'),
  row('-20', 'ü\u{1f600}', 'null', ''),
  complete('SELECT 2'),
  ready('T'),
])
export const rows = [
  { id: 1, name: 'ann', data: { a: [1, 2] }, __proto__x: null },
  { id: -20, name: 'ü\u{1f600}', data: null, __proto__x: '' },
]
