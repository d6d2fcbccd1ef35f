/*
 * A module to preload: `node --import holdfast/fast-start src/main.ts`. A program with many modules
 * then starts sooner. A static import would be too late, because Node resolves all static imports
 * of a program before it runs any code of the program. This module imports nothing else of this
 * package, so that preloading it takes no time.
 */
import { registerHooks } from 'node:module'
import { resolveHook } from './runtimes/fast-start/resolve-hook.ts'
import { useCompileCache } from './runtimes/fast-start/use-compile-cache.ts'

registerHooks({ resolve: resolveHook })
useCompileCache(process.argv[1])

export { resolveHook }
