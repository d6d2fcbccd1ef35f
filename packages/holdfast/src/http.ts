export type { CallInFlight } from './transports/http/call-operation.ts'
export {
  createHandler,
  defaultBodyLimitBytes,
  type Handler,
  type HandlerOptions,
} from './transports/http/handler.ts'
export {
  fromRequest,
  type HttpRequest,
  type RequestConnection,
} from './transports/http/request/http-request.ts'
export type { Pages, Responder, Routed } from './transports/http/responder.ts'
export type { RouteEntry } from './transports/http/route-table.ts'
