import { configurationInvalid } from '../base/configuration-invalid.ts'

/**
 * Records the use of an id, for all processes. Resolves to false if the id was already used in the
 * last `forMs` milliseconds.
 */
export type UseOnce = (id: string, forMs: number) => Promise<boolean>

/** Always rejects; for a service without a database. */
export const useNothing: UseOnce = () =>
  Promise.reject(
    configurationInvalid([
      'an identifier or an access rule uses `useOnce`, but the service has no database; set `database` in holdfast(…)',
    ]),
  )
