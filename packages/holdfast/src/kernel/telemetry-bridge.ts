import type { Telemetry } from './telemetry.ts'

/** Joins the spans of another tracing API with those of a service: the port that `openTelemetry()` implements. */
export interface TelemetryBridge {
  /** Begins to join; once for each service that is watched. */
  join(telemetry: Telemetry): JoinedTelemetry
}

/** Telemetry that is joined with another API. */
export interface JoinedTelemetry extends Pick<Telemetry, 'within'> {
  /** Runs work of the telemetry itself, of which no span is made by anybody: to send spans must not make more of them. */
  readonly unseen: <T>(work: () => T) => T
  /** Ends what `join` began. */
  leave(): void
}
