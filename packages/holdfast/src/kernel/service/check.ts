import type { Access } from '../operation/access/access.ts'
import { type Duration, maxTimerDelay, toMilliseconds } from '../base/duration.ts'

/** The context passed to a check. */
export interface CheckContext {
  /**
   * Aborted when the check has exceeded its `timeout`. Pass it to every call that the check awaits.
   */
  readonly signal: AbortSignal
}

/** A check of something that the service depends on: another service, a queue, a disk. */
export interface Check {
  /**
   * Resolves if the dependency is available; otherwise rejects with the reason. Runs never overlap.
   */
  run(context: CheckContext): void | Promise<void>
  /** Max time of a run; a run that takes longer fails the check. Default `'1s'`. */
  readonly timeout?: Duration
  /**
   * Cache time of a result. `'0s'` shares a result only between concurrent requests. Default
   * `'1s'`.
   */
  readonly cacheFor?: Duration
  /**
   * True if the check has to pass for the service to be ready. Set it only for dependencies that
   * every call needs: if a dependency that all processes share fails, the load balancer removes all
   * processes at the same time. If false, a failure is reported but does not affect readiness.
   * Default true.
   */
  readonly required?: boolean
}

/** Checks by name. */
export type Checks = Readonly<Record<string, Check>>

/** The options of the health endpoints. */
export interface HealthDefinition {
  /**
   * The access rule for the names, durations and errors of the checks; other callers only see
   * whether the service is ready. Default: all callers in development and tests, no callers in
   * production.
   */
  readonly detail?: Access
}

/** The name of the database's check. */
export const databaseCheckName = 'database'

/** The name of the replicas' check. */
export const replicasCheckName = 'database-replicas'

/** Returns the issues of a service's checks. */
export function findCheckIssues(checks: Checks, hasDatabase: boolean): readonly string[] {
  const issues: string[] = []
  if (hasDatabase && databaseCheckName in checks) {
    issues.push(
      `check "${databaseCheckName}": the database already has a check of this name; use another name`,
    )
  }
  for (const [name, check] of Object.entries(checks)) {
    issues.push(...findTimeIssues(check).map((issue) => `check "${name}": ${issue}`))
  }
  return issues
}

/** The timeout and cache time of a check, with their defaults, in milliseconds. */
export interface CheckTimes {
  readonly timeoutMs: number
  readonly cacheMs: number
}

/**
 * Returns the timeout and cache time of a check.
 *
 * @throws HoldfastError `duration-invalid`.
 */
export function checkTimes({ timeout = '1s', cacheFor = '1s' }: Check): CheckTimes {
  return {
    timeoutMs: toMilliseconds(timeout, { option: 'timeout', max: maxTimerDelay }),
    cacheMs: toMilliseconds(cacheFor, { option: 'cacheFor', allowsZero: true, max: maxTimerDelay }),
  }
}

function findTimeIssues(check: Check): readonly string[] {
  try {
    checkTimes(check)
    return []
  } catch (error) {
    return [(error as Error).message]
  }
}
