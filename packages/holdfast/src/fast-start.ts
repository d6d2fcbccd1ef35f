/*
 * For `node --import holdfast/fast-start src/main.ts`: a program with many modules starts sooner.
 * It has to be preloaded, since Node resolves all static imports of a program before it runs any of
 * its code. It imports nothing else of this package, so that preloading it takes no time.
 */
import { registerHooks } from 'node:module'
import { resolveHook } from './runtimes/fast-start/resolve-hook.ts'
import { useCompileCache } from './runtimes/fast-start/use-compile-cache.ts'

registerHooks({ resolve: resolveHook })
useCompileCache(process.argv[1])

export { resolveHook }
