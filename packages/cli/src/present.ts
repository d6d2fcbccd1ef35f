/** The members of an object that are not `undefined`. */
export type Present<Members> = { readonly [Name in keyof Members]?: Exclude<Members[Name], undefined> }

/**
 * Returns the members of an object that are not `undefined`, for functions that do not accept
 * `undefined`.
 */
export function present<Members extends object>(members: Members): Present<Members> {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Present<Members>
}
