import { z } from 'zod'

// Schemas of the JSON form that OTLP 1.7 defines: ids in hex, 64-bit integers in decimal digits,
// enums as numbers, and no other fields.
const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`))
const spanId = hex(8).refine((id) => !/^0+$/.test(id))
const traceId = hex(16).refine((id) => !/^0+$/.test(id))
const int64 = z.string().regex(/^-?\d{1,19}$/)
const unixNano = z.string().regex(/^[1-9]\d{18}$/)
const uint64 = z.string().regex(/^\d{1,19}$/)
const uint32 = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
const double = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
const text = z.string().refine((value) => value.isWellFormed())

const value = z.union([
  z.strictObject({ stringValue: text }),
  z.strictObject({ boolValue: z.boolean() }),
  z.strictObject({ intValue: int64 }),
  z.strictObject({ doubleValue: double }),
])

const attributes = z
  .array(z.strictObject({ key: text.min(1), value }))
  .refine((all) => new Set(all.map(({ key }) => key)).size === all.length, 'a name occurs twice')

const resource = z.strictObject({ attributes })
const scope = z.strictObject({ name: z.string(), version: z.string() })

const span = z
  .strictObject({
    traceId,
    spanId,
    traceState: text.min(1).optional(),
    parentSpanId: spanId.optional(),
    flags: uint32,
    name: text.min(1),
    kind: z.int().min(1).max(5),
    startTimeUnixNano: unixNano,
    endTimeUnixNano: unixNano,
    attributes,
    droppedAttributesCount: uint32.optional(),
    events: z.array(z.strictObject({ timeUnixNano: unixNano, name: text.min(1), attributes })).optional(),
    droppedEventsCount: uint32.optional(),
    status: z.strictObject({ code: z.int().min(0).max(2), message: text.optional() }).optional(),
  })
  .refine((it) => BigInt(it.startTimeUnixNano) <= BigInt(it.endTimeUnixNano), 'it ends before it begins')

/** The body of a span export. */
export const tracesRequest = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({ resource, scopeSpans: z.array(z.strictObject({ scope, spans: z.array(span).min(1) })) }),
  ),
})

const times = { startTimeUnixNano: unixNano, timeUnixNano: unixNano }

const exemplar = z.strictObject({ timeUnixNano: unixNano, asDouble: double, traceId, spanId })

const histogramPoint = z
  .strictObject({
    attributes,
    ...times,
    count: uint64,
    sum: double,
    bucketCounts: z.array(uint64),
    explicitBounds: z.array(z.number()),
    min: double.optional(),
    max: double.optional(),
    exemplars: z.array(exemplar),
  })
  .refine((it) => it.bucketCounts.length === it.explicitBounds.length + 1, 'buckets and bounds disagree')
  .refine(
    (it) => it.bucketCounts.reduce((sum, count) => sum + BigInt(count), 0n) === BigInt(it.count),
    'the bucket counts do not add up to the count',
  )
  .refine(
    (it) => it.explicitBounds.every((bound, at) => at === 0 || bound > it.explicitBounds[at - 1]!),
    'the bounds do not ascend',
  )

const numberPoint = z.strictObject({ attributes, ...times, asDouble: double })
const temporality = z.int().min(1).max(2)

const metric = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z][\w.\-/]{0,254}$/),
    description: text,
    unit: z.string(),
    histogram: z
      .strictObject({ aggregationTemporality: temporality, dataPoints: z.array(histogramPoint).min(1) })
      .optional(),
    sum: z
      .strictObject({
        aggregationTemporality: temporality,
        isMonotonic: z.boolean(),
        dataPoints: z.array(numberPoint).min(1),
      })
      .optional(),
    gauge: z.strictObject({ dataPoints: z.array(numberPoint).min(1) }).optional(),
  })
  .refine(
    (it) => [it.histogram, it.sum, it.gauge].filter(Boolean).length === 1,
    'it is not one kind of metric',
  )

/** The body of a metric export. */
export const metricsRequest = z.strictObject({
  resourceMetrics: z.array(
    z.strictObject({ resource, scopeMetrics: z.array(z.strictObject({ scope, metrics: z.array(metric) })) }),
  ),
})

export type ReceivedSpan = z.infer<typeof span>
export type ReceivedMetric = z.infer<typeof metric>
