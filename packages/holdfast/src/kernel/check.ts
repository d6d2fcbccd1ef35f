import type { Access } from './access.ts'

/** What a check is given. */
export interface CheckContext {
  /** Aborted when the check has taken longer than it may. Hand it to whatever the check waits for. */
  readonly signal: AbortSignal
}

/** Whether something that a service needs is there: another service, a queue, a disk. */
export interface Check {
  /** Resolves where it is there, and rejects with the reason where it is not. One run at a time. */
  run(context: CheckContext): void | Promise<void>
  /** How long a run may take, in milliseconds; after that the check has failed. Default 1,000. */
  readonly timeoutMs?: number
  /** How long the result of a run is taken for the present one, in milliseconds; 0: for those only who ask meanwhile. Default 1,000. */
  readonly cacheMs?: number
  /**
   * Whether the service is not ready without it. What all of its processes need alike takes all of them out of the load balancer
   * at once, so this is for what nothing works without. Default true; false: it is told, and does not count.
   */
  readonly required?: boolean
}

/** Checks by their names. */
export type Checks = Readonly<Record<string, Check>>

/** What a service says of its health, and to whom. */
export interface HealthDefinition {
  /**
   * Who sees the names of the checks, how long they took and what is wrong; everybody else sees whether the service is ready.
   * Default: everyone in development and in tests, nobody in production.
   */
  readonly detail?: Access
}

/** The name of the check that a database brings along. */
export const databaseCheckName = 'database'

/** The name of the check of a database's replicas. */
export const replicasCheckName = 'database-replicas'

/** What is wrong with the checks of a service. */
export function findCheckIssues(checks: Checks, hasDatabase: boolean): readonly string[] {
  const issues: string[] = []
  if (hasDatabase && databaseCheckName in checks) {
    issues.push(
      `check "${databaseCheckName}": its database has a check of this name already; give it another`,
    )
  }
  for (const [name, { timeoutMs = 1, cacheMs = 0 }] of Object.entries(checks)) {
    // A longer timer would fire at once.
    if (!(timeoutMs > 0 && timeoutMs < 2 ** 31)) {
      issues.push(`check "${name}": its timeoutMs is ${timeoutMs}, and has to be above 0 and below 2^31`)
    }
    if (!(cacheMs >= 0 && cacheMs < 2 ** 31)) {
      issues.push(`check "${name}": its cacheMs is ${cacheMs}, and has to be 0 or more and below 2^31`)
    }
  }
  return issues
}
