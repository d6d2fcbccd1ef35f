export type { CallInFlight } from './http/call-operation.ts'
export { createHandler, defaultBodyLimitBytes, type Handler, type HandlerOptions } from './http/handler.ts'
export { fromRequest, type HttpRequest } from './http/http-request.ts'
