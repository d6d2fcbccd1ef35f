import type { Telemetry } from './telemetry.ts'

/**
 * Joins the spans of another tracing API with the spans of a service: the port that
 * `openTelemetry()` implements.
 */
export interface TelemetryBridge {
  /** Joins the spans from now on. Called once for each service that has telemetry. */
  join(telemetry: Telemetry): JoinedTelemetry
}

/** Telemetry joined with another API. */
export interface JoinedTelemetry extends Pick<Telemetry, 'within'> {
  /**
   * Runs the telemetry's own work without creating spans, because exporting spans must not create
   * more spans.
   */
  readonly unseen: <T>(work: () => T) => T
  /** Stops joining the spans. */
  leave(): void
}
