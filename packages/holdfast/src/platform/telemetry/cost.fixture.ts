// Measures the cost of recording, in nanoseconds of CPU time. Run it with: node
// --conditions=holdfast:source <this file>
import { encodeSpans } from './otlp/encode-spans.ts'
import { createMeter } from './metrics/meter.ts'
import { createRecorder } from './recorder.ts'
import { createSampler } from './sampler.ts'

const rounds = 15
const times = 200_000

function measure(what: string, work: () => void): void {
  const costs = Array.from({ length: rounds }, () => {
    const startMs = performance.now()
    for (let n = 0; n < times; n += 1) work()
    return ((performance.now() - startMs) / times) * 1e6
  }).toSorted((a, b) => a - b)
  console.log(`${what.padEnd(52)} ${Math.round(costs[Math.floor(rounds / 2)]!)} ns`)
}

const route = { 'http.request.method': 'GET', 'http.route': '/orders/{id}', 'url.scheme': 'http' }
const statement = { 'db.system.name': 'postgresql', 'db.query.text': 'select * from orders where id = $1' }
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

const all = createRecorder({
  spanBufferSize: 4_096,
  sampler: createSampler({ ratio: 1, followsParent: true }),
})
const none = createRecorder({
  spanBufferSize: 4_096,
  sampler: createSampler({ ratio: 0, followsParent: true }),
})
const root = all.beginTrace('server', undefined)
const unsampled = none.beginTrace('server', undefined)

measure('the span of a statement', () => {
  const span = root.begin('SELECT orders', 'client', statement)
  span.set('db.response.returned_rows', 1)
  span.end()
})
measure('the span of a request, including its ids for the log', () => {
  const span = all.beginTrace('server', undefined)
  span.describe('GET /orders/{id}', route)
  span.set('http.response.status_code', 200)
  span.end()
  void span.trace
})
measure('the same, for a trace that another service began', () => {
  const span = all.beginTrace('server', traceparent)
  span.describe('GET /orders/{id}', route)
  span.set('http.response.status_code', 200)
  span.end()
  void span.trace
})
measure('the span of a statement that is not sampled', () => unsampled.begin('SELECT orders', 'client').end())
measure('running work within a span', () => void all.within(root, () => 1))

const duration = createMeter({ seriesLimit: 2_000, warn: () => {} })
  .histogram({
    name: 'duration',
    description: '',
    unit: 's',
    bounds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
  })
  .with(route)
measure('a value of a histogram', () => duration.record(0.02))
measure('a value of a histogram, with its span as exemplar', () => duration.record(0.02, root))

const reader = all.readSpans('oldest')
const batch = reader.take(512).items
const startMs = performance.now()
for (let n = 0; n < 400; n += 1) encodeSpans(batch, route)
console.log(
  `${'a span as OTLP'.padEnd(52)} ${Math.round(((performance.now() - startMs) / 400 / 512) * 1e6)} ns`,
)
