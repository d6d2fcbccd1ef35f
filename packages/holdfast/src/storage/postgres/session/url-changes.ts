/** The changes of database URLs whose user and password may change while the process runs. */
export interface UrlChanges {
  /** Returns the URL to connect with now, for a URL that was in use at the start. */
  current(url: string): string
  /** Calls a listener after each change of a URL. Returns a function that ends this. */
  onChange(listener: (url: string) => unknown): () => void
  /**
   * Reads the URLs again, because the server has refused the user or the password. Resolves to
   * `true` if the current URL differs from the `refused` URL.
   */
  renew(url: string, refused: string): Promise<boolean>
}

/** The URLs of a process whose URLs never change. */
export const fixedUrls: UrlChanges = {
  current: (url) => url,
  onChange: () => () => {},
  renew: async () => false,
}

// invalid_authorization_specification, such as a role that was dropped, and invalid_password.
const refusals: ReadonlySet<unknown> = new Set(['28000', '28P01'])

/** Returns whether a server has refused a user or a password. */
export function isCredentialRefused(error: unknown): boolean {
  return error instanceof Error && refusals.has((error as { readonly code?: unknown }).code)
}
