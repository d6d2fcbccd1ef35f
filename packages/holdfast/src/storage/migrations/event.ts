/** An event during the application of migrations. */
export type MigrationEvent =
  | { readonly kind: 'applied'; readonly owner: string; readonly name: string; readonly durationMs: number }
  /** A migration is pending that sorts before an applied one, as after a merge of branches. */
  | { readonly kind: 'out-of-order'; readonly owner: string; readonly name: string; readonly after: string }
  /** The database has a migration that this version of the program does not know. */
  | { readonly kind: 'unknown'; readonly owner: string; readonly name: string }
  /** Another process holds the migration lock. */
  | { readonly kind: 'waiting'; readonly holder: string }
  /** An earlier start began the migration, and did not record its end. */
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
      return `The migration ${event.owner}/${event.name} comes late: ${event.after} is applied already.`
    case 'unknown':
      return `The database has the migration ${event.owner}/${event.name}, which this version of the program does not know.`
    case 'waiting':
      return `Another process migrates the database; waiting for it (${event.holder}).`
    case 'begun-before':
      return `The migration ${event.owner}/${event.name} was begun by an earlier start and not noted as applied; it is brought to its end.`
    case 'delayed':
      return `The migration ${event.owner}/${event.name} waits for other transactions: ${event.blockers}.`
    case 'blocked':
      return `The migration ${event.owner}/${event.name} does not get its lock and is attempted again; blocked by ${event.blockers}.`
  }
}
