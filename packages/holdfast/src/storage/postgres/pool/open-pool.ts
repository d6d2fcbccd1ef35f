import type { Pool } from './pool.ts'

/**
 * The lane of a pool, which identifies its purpose: transactions of `jobs`, transactions of jobs
 * with dedicated `slots`, reading `messages`, or the framework's `own` statements.
 */
export type LaneName = 'jobs' | 'slots' | 'messages' | 'own'

/**
 * Opens a pool of at most `size` connections with this application name. The default lane is
 * `jobs`. For the lane `own`, the whole process shares one pool, and the given name and size are
 * ignored.
 *
 * @throws HoldfastError `configuration-invalid` if the connection budget has no room for it.
 */
export type OpenPool = (applicationName: string, size: number, options?: { readonly lane?: LaneName }) => Pool
