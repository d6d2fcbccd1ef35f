import { configurationInvalid } from '../base/configuration-invalid.ts'

/**
 * Records that an id is used, in all processes. Resolves to false if the id was used in the last
 * `forMs` milliseconds.
 */
export type UseOnce = (id: string, forMs: number) => Promise<boolean>

/** Rejects, for a service without a database. */
export const useNothing: UseOnce = () =>
  Promise.reject(
    configurationInvalid([
      'an identifier or an access rule uses `useOnce`, but the service has no database; set `database` in holdfast(…)',
    ]),
  )
