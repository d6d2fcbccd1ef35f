/** What happens while migrations are applied. */
export type MigrationEvent =
  | { readonly kind: 'applied'; readonly owner: string; readonly name: string; readonly durationMs: number }
  /** Applied behind others that sort after it: branches were merged. */
  | { readonly kind: 'out-of-order'; readonly owner: string; readonly name: string; readonly after: string }
  /** Applied by a newer version of the program, which this one does not have. */
  | { readonly kind: 'unknown'; readonly owner: string; readonly name: string }
  /** Another process migrates. */
  | { readonly kind: 'waiting'; readonly holder: string }
  /** A start before this one began it, and no row says that it ended. */
  | { readonly kind: 'begun-before'; readonly owner: string; readonly name: string }
  /** It waits for other transactions, which nothing else has to wait for. */
  | { readonly kind: 'delayed'; readonly owner: string; readonly name: string; readonly blockers: string }
  /** The tables were not free within the lock timeout. */
  | { readonly kind: 'blocked'; readonly owner: string; readonly name: string; readonly blockers: string }

/** Returns an event in words. */
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
