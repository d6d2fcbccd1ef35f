import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The slow test files, slowest first. Add a file that takes more than 20 s. */
const slowest = [
  'checks/package.test.ts',
  'checks/repository.test.ts',
  'packages/holdfast/crash-tests/workers.test.ts',
  'packages/holdfast/test/hostile-settings.postgres.test.ts',
  'packages/holdfast/crash-tests/kill-at-every-checkpoint.test.ts',
  'packages/holdfast/src/databases/drizzle/drizzle-kit.postgres.test.ts',
  'packages/holdfast/crash-tests/rolling-restart.test.ts',
  'packages/holdfast/crash-tests/storm.test.ts',
  'packages/holdfast/crash-tests/cut-jobs.test.ts',
  'packages/holdfast/crash-tests/kill-between-retries.test.ts',
  'packages/holdfast/src/effects/subjects/subjects.postgres.test.ts',
  'docs/pages.test.ts',
  'packages/holdfast/crash-tests/faults.test.ts',
  'packages/holdfast/src/brokers/bullmq/bullmq-jobs.crash.postgres.test.ts',
  'packages/holdfast/src/storage/replicas/replicas.postgres.test.ts',
  'packages/holdfast/src/databases/assembly/pooler-conformance.postgres.test.ts',
  'packages/holdfast/src/effects/webhooks/deliveries.postgres.test.ts',
  'packages/holdfast/crash-tests/cut-mutation.test.ts',
  'packages/holdfast/crash-tests/deadlines.test.ts',
  'packages/holdfast/crash-tests/kill-in-mid-write.test.ts',
  'packages/holdfast/src/effects/jobs/claim/lost-claims.postgres.test.ts',
  'packages/holdfast/crash-tests/postgres-gone.test.ts',
  'packages/holdfast/crash-tests/rolling-deploy.test.ts',
  'packages/holdfast/src/storage/pages/list.postgres.test.ts',
  'packages/holdfast/src/transports/openapi/reference.browser.test.ts',
  'packages/holdfast/src/storage/embedded/embedded.test.ts',
  'packages/holdfast/src/effects/jobs/engine-conformance.postgres.test.ts',
  'packages/holdfast/src/storage/embedded/places.test.ts',
  'packages/holdfast/src/storage/embedded/crash.test.ts',
  'packages/holdfast/src/effects/idempotency/mutation-attempt.postgres.test.ts',
  'packages/holdfast/src/brokers/bullmq/bullmq-jobs.conformance.postgres.test.ts',
  'packages/holdfast/src/runtimes/node/process-owner.test.ts',
]

/**
 * Starts the slow test files first, so that none of them runs alone at the end. Vitest knows the
 * durations of files only if they have run before. In a clean clone, it would start the largest
 * files first.
 */
export class SlowestFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  const place = slowest.indexOf(relative(project.config.root, moduleId))
  return place === -1 ? slowest.length : place
}
