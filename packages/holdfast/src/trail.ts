export { listTrail, type ListedTrailEntry, type ListTrailOptions } from './identity/trail/list-trail.ts'
export { pruneTrail, type PruneTrailOptions, type TrailAnchor } from './identity/trail/prune-trail.ts'
export {
  type TrailBreak,
  type VerifiedTrail,
  verifyTrail,
  type VerifyTrailOptions,
} from './identity/trail/verify-trail.ts'
export type { StatementClient } from './storage/postgres/statement/statement-client.ts'
