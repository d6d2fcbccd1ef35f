import { documentation } from './openapi/documentation.ts'
import { createServe, type Serve } from './runtime/node/serve.ts'

export type { HttpLimits } from './runtime/node/http-server.ts'
export type { Serve, ServeOptions, Server } from './runtime/node/serve.ts'

/** Starts a service and answers HTTP with it, its documentation included. */
export const serve: Serve = createServe(documentation)
