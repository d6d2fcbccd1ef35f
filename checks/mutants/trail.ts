import type { Mutant } from './mutant.ts'

const room = 'packages/holdfast/src/identity/trail'
const test = `${room}/trail.postgres.test.ts`

/** Mutants of the trail. */
export const trailMutants: readonly Mutant[] = [
  {
    name: 'trail: rows may be changed',
    file: `${room}/migrations.ts`,
    text: 'create trigger append_only before update or delete on holdfast.trail\n',
    replacement: 'create trigger append_only before delete on holdfast.trail\n',
    killedBy: [{ file: test, name: 'is append-only' }],
    why: 'The role of the service could rewrite who did what.',
  },
  {
    name: 'trail: a chained row may be chained again',
    file: `${room}/migrations.ts`,
    text: 'if old.position is null and new.position is not null and new.hash is not null then',
    replacement: 'if true then',
    killedBy: [{ file: test, name: 'is append-only' }],
    why: 'A row could be taken out of the chain.',
  },
  {
    name: 'trail: details are not redacted',
    file: 'packages/holdfast/src/kernel/operation/trail/trail.ts',
    text: 'JSON.stringify(redactor.fields(details))',
    replacement: 'JSON.stringify(details)',
    killedBy: [{ file: test, name: 'stores no secret and no input' }],
    why: 'Secrets would be kept for years, in rows that cannot be changed.',
  },
  {
    name: 'trail: hashes are not compared',
    file: `${room}/verify-trail.ts`,
    text: '!== row.hash)',
    replacement: "=== '')",
    killedBy: [{ file: test, name: 'is verified: a changed row is found' }],
    why: 'A changed row would be verified.',
  },
  {
    name: 'trail: hashes do not include the previous hash',
    file: `${room}/trail-row.ts`,
    text: '    previous,\n    position,',
    replacement: '    previous.slice(64),\n    position,',
    killedBy: [{ file: test, name: 'finds a row that was replaced together with its hash' }],
    why: 'A row could be replaced together with its hash.',
  },
  {
    name: 'trail: the head is not compared',
    file: `${room}/verify-trail.ts`,
    text: "if (!isLater) return breakAt(this.#position + 1n, 'missing')",
    replacement: 'if (!isLater) return undefined',
    killedBy: [{ file: test, name: 'is verified: a deleted end is found' }],
    why: 'The latest rows could be deleted.',
  },
  {
    name: 'trail: dropped without verification',
    file: `${room}/prune-trail.ts`,
    text: 'if (!trail.break) continue',
    replacement: 'continue',
    killedBy: [{ file: test, name: 'is verified before a partition is dropped' }],
    why: 'The evidence of a break would be dropped.',
  },
]
