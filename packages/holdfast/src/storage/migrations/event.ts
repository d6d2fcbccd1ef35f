/** An event that occurs while migrations are applied. */
export type MigrationEvent =
  | { readonly kind: 'applied'; readonly owner: string; readonly name: string; readonly durationMs: number }
  /**
   * A pending migration sorts before an applied migration, for example after a merge of branches.
   */
  | { readonly kind: 'out-of-order'; readonly owner: string; readonly name: string; readonly after: string }
  /** The database has a migration that this version of the program does not know. */
  | { readonly kind: 'unknown'; readonly owner: string; readonly name: string }
  /** Another process holds the migration lock. */
  | { readonly kind: 'waiting'; readonly holder: string }
  /** An earlier start began the migration but did not record its end. */
  | { readonly kind: 'begun-before'; readonly owner: string; readonly name: string }
  /** The migration waits for other transactions, without blocking other traffic. */
  | { readonly kind: 'delayed'; readonly owner: string; readonly name: string; readonly blockers: string }
  /** The migration did not get its locks within the lock timeout. */
  | { readonly kind: 'blocked'; readonly owner: string; readonly name: string; readonly blockers: string }

/** Returns the message of an event. */
export function describeEvent(event: MigrationEvent): string {
  switch (event.kind) {
    case 'applied':
      return `Applied the migration ${event.owner}/${event.name} (${Math.round(event.durationMs)} ms).`
    case 'out-of-order':
      return `Migration ${event.owner}/${event.name} is out of order: ${event.after} has already been applied.`
    case 'unknown':
      return `The database has the migration ${event.owner}/${event.name}, which is unknown to this version of the program.`
    case 'waiting':
      return `Another process is migrating the database; waiting for it (${event.holder}).`
    case 'begun-before':
      return `The migration ${event.owner}/${event.name} was started earlier but not recorded as applied; completing it.`
    case 'delayed':
      return `The migration ${event.owner}/${event.name} is waiting for other transactions: ${event.blockers}.`
    case 'blocked':
      return `The migration ${event.owner}/${event.name} did not get its lock and will be retried; blocked by ${event.blockers}.`
  }
}
