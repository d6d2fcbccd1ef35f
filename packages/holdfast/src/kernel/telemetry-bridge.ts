import type { Telemetry } from './telemetry.ts'

/** Joins the spans of another tracing API with those of a service: the port that `openTelemetry()` implements. */
export interface TelemetryBridge {
  /** Begins to join; once for each service that is watched. */
  join(telemetry: Telemetry): JoinedTelemetry
}

/** Telemetry that is joined with another API. */
export interface JoinedTelemetry extends Pick<Telemetry, 'within'> {
  /** Ends what `join` began. */
  leave(): void
}
