export { documentation } from './transports/openapi/documentation.ts'
export type {
  Components,
  HeaderObject,
  InfoObject,
  MediaType,
  OpenApiDocument,
  OperationObject,
  ParameterObject,
  PathItem,
  Reference,
  RequestBody,
  ResponseObject,
} from './transports/openapi/open-api-document.ts'
export { toOpenApi } from './transports/openapi/to-open-api.ts'
