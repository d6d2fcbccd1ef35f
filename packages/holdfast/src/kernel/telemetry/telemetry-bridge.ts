import type { Telemetry } from './telemetry.ts'

/**
 * Joins the spans of another tracing API with the spans of a service: the port that
 * `openTelemetry()` implements.
 */
export interface TelemetryBridge {
  /** Starts joining; called once for each service with telemetry. */
  join(telemetry: Telemetry): JoinedTelemetry
}

/** Telemetry that is joined with another API. */
export interface JoinedTelemetry extends Pick<Telemetry, 'within'> {
  /**
   * Runs work of the telemetry itself without creating spans: exporting spans must not create more
   * of them.
   */
  readonly unseen: <T>(work: () => T) => T
  /** Ends the joining that `join` has started. */
  leave(): void
}
