import { configurationInvalid } from '../../kernel/base/configuration-invalid.ts'

/** The paths of an application to which a user may return after a sign-in. */
export class ReturnPaths {
  readonly #exact: ReadonlySet<string>
  readonly #folders: readonly string[]

  /**
   * @param paths paths such as `/orders`, or `/orders/*` for all paths below it.
   * @throws HoldfastError `configuration-invalid` if a path is invalid.
   */
  constructor(paths: readonly string[]) {
    const invalid = paths.filter(
      (path) => readPath(path.replace(/\/\*$/, '/'))?.path !== path.replace(/\/\*$/, '/'),
    )
    if (invalid.length > 0)
      throw configurationInvalid(
        invalid.map(
          (path) =>
            `returnTo of signInWith contains ${JSON.stringify(path)}; use paths such as '/orders', or '/orders/*'`,
        ),
      )
    this.#exact = new Set(paths)
    this.#folders = paths.filter((path) => path.endsWith('/*')).map((path) => path.slice(0, -1))
  }

  /**
   * Returns a target as a browser reads it: a path on the same site, with its query and fragment.
   * Returns `undefined` if the path is not in the list.
   */
  read(target: string): string | undefined {
    const read = readPath(target)
    if (!read) return undefined
    const isListed =
      this.#exact.has(read.path) || this.#folders.some((folder) => read.path.startsWith(folder))
    return isListed ? read.target : undefined
  }
}

const base = 'http://path.invalid'

/** Reads a target as browsers do. `undefined` if it could lead to another site. */
function readPath(target: string): { readonly path: string; readonly target: string } | undefined {
  if (!/^\/[\x21-\x7e]*$/.test(target) || target.includes('\\')) return undefined
  const url = URL.parse(target, base)
  // "//host" leads to another site, and so does "/.//host", whose path is "//host".
  if (url?.origin !== base || url.pathname.startsWith('//')) return undefined
  return { path: url.pathname, target: `${url.pathname}${url.search}${url.hash}` }
}
