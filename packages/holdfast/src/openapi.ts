export { documentation } from './openapi/documentation.ts'
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
} from './openapi/open-api-document.ts'
export { toOpenApi } from './openapi/to-open-api.ts'
