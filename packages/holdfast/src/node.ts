export type { HttpLimits } from './runtime/node/http-server.ts'
export { serve, type ServeOptions, type Server } from './runtime/node/serve.ts'
