import { register } from 'node:module'
import { FastifyOtelInstrumentation } from '@fastify/otel'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg'
import {
  AggregationTemporality,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace'

/**
 * Starts OpenTelemetry's SDK. Call it before loading the modules that the SDK patches. Returns the
 * instrumentation of Fastify.
 */
export function startOpenTelemetry(env: NodeJS.ProcessEnv): FastifyOtelInstrumentation {
  // As documented by OpenTelemetry for ES modules.
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url)
  const isLean = env['SPANS'] === 'lean'
  const ofFastify = new FastifyOtelInstrumentation(
    isLean ? { instrumentHooks: false, instrumentHandler: false } : {},
  )
  const ofPg = new PgInstrumentation({ ignoreConnectSpans: isLean })
  const sdk = new NodeSDK({
    serviceName: 'bench',
    instrumentations: [new HttpInstrumentation(), ofPg, ofFastify],
    ...(env['OTEL_EXPORTER_OTLP_ENDPOINT'] === undefined ? discarded() : {}),
  })
  sdk.start()
  return ofFastify
}

/**
 * Settings that record spans and metrics but do not send them, as in Holdfast without a
 * destination. If a destination is set, the SDK reads it from the same variables as Holdfast.
 */
function discarded(): Partial<NodeSDKConfiguration> {
  return {
    spanProcessors: [new BatchSpanProcessor({ exporter: noSpanExporter })],
    metricReaders: [new PeriodicExportingMetricReader({ exporter: noMetricExporter })],
  }
}

const noSpanExporter: SpanExporter = {
  export: (_, done) => done({ code: 0 }),
  shutdown: async () => {},
}

const noMetricExporter: PushMetricExporter = {
  export: (_, done) => done({ code: 0 }),
  forceFlush: async () => {},
  shutdown: async () => {},
  selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
}
