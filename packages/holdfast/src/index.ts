export {
  access,
  type Access,
  type AccessDecision,
  type AccessOptions,
  type AnyAccess,
  anyone,
} from './kernel/operation/access/access.ts'
export type { Admitted, RowCheck, RowRequest } from './kernel/operation/access/row-check.ts'
export type { OwnedRow, OwnsOptions } from './kernel/operation/access/owned-row.ts'
export type { RowDefinition, RowLoad } from './kernel/operation/access/row-rule.ts'
export type { Member, MembersDefinition } from './kernel/operation/access/member-rule.ts'
export {
  accessMatrix,
  type MatrixCell,
  type OperationAccess,
} from './kernel/operation/access/access-matrix.ts'
export type { Admits, CallerKind } from './kernel/operation/access/admits.ts'
export { allOf, anyOf } from './kernel/operation/access/combine.ts'
export {
  hasScope,
  recentlySignedIn,
  type RecentUser,
  type ScopedCaller,
  service,
  signedIn,
} from './kernel/operation/access/caller-rules.ts'
export type { Answer } from './kernel/operation/answer.ts'
export type { CallRequest } from './kernel/call/call.ts'
export type { WireInput } from './kernel/operation/wire-input.ts'
export {
  type Anonymous,
  anonymous,
  type Caller,
  callerSubject,
  type IdentifiedCaller,
  type ServiceCaller,
  type User,
} from './kernel/operation/caller.ts'
export type { Check, CheckContext, Checks, HealthDefinition } from './kernel/service/check.ts'
export { type Clock, systemClock, type Timer } from './kernel/base/clock.ts'
export { cookie, type Cookie, type CookieOptions, type SetCookie } from './kernel/operation/cookie.ts'
export type { Context, MutationContext, PrepareContext } from './kernel/operation/context.ts'
export type { Database, OpenDatabase } from './kernel/service/database.ts'
export type { Deadline } from './kernel/operation/deadline.ts'
export type { Duration } from './kernel/base/duration.ts'
export type { Load } from './kernel/relations/load.ts'
export {
  type Application,
  type DefineOne,
  holdfast,
  type HoldfastOptions,
} from './kernel/service/holdfast.ts'
export { HoldfastError } from './kernel/base/holdfast-error.ts'
export {
  event,
  type EventDefinition,
  type EventType,
  type Message,
  type Publish,
} from './kernel/background/event.ts'
export type {
  Effects,
  EnqueuedJob,
  EnqueueManyOptions,
  EnqueueOptions,
  Jobs,
  StatementResult,
  Statements,
  Transaction,
  UniqueJob,
} from './kernel/background/effects.ts'
export { GiveUp } from './kernel/background/give-up.ts'
export { createRedactor, type Redactor } from './kernel/base/redact.ts'
export { RetryLater, type RetryLaterOptions } from './kernel/background/retry-later.ts'
export type { Consumer, ConsumerContext, ConsumerDefinition } from './kernel/background/consumer.ts'
export type { Json } from './kernel/base/json.ts'
export type { Job, JobContext, JobDefinition } from './kernel/background/job.ts'
export type { ConcurrencyLimit, JobType, RateLimit, RetryPolicy } from './kernel/background/job-type.ts'
export type { Step, StepContext, WaitOptions } from './kernel/background/step.ts'
export {
  type MissedTicks,
  schedule,
  type Schedule,
  type ScheduleDefinition,
} from './kernel/background/schedule.ts'
export {
  type Broker,
  type BrokerConnection,
  relay,
  type Relay,
  type RelayDefinition,
  type RelayedMessage,
} from './kernel/background/relay.ts'
export type { Capability, Subscriber, Worker, WorkerOptions } from './kernel/background/background.ts'
export type {
  CapabilityPage,
  CapabilityPageAnswer,
  CapabilityPageRequest,
  CapabilityStart,
  OpenCapability,
} from './kernel/background/open-capability.ts'
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLine,
} from './kernel/base/log.ts'
export { fromWinston, type WinstonLogger } from './kernel/host/from-winston.ts'
export type {
  Mutation,
  MutationDefinition,
  NoInput,
  NoOutput,
  Operation,
  OperationDefinition,
  Query,
  QueryDefinition,
} from './kernel/operation/operation.ts'
export type { TrailDefinition, TrailOfCall } from './kernel/operation/trail/trail.ts'
export {
  type Redirect,
  redirects,
  type Redirects,
  type RedirectsOptions,
  type RedirectStatus,
} from './kernel/operation/redirects.ts'
export {
  type HandlerResponse,
  type HandlerResult,
  respond,
  type ResponseParts,
} from './kernel/operation/respond.ts'
export type {
  KeysetValues,
  Page,
  PageMarks,
  PageRequest,
  PageSource,
  PageWindow,
  PagingStyle,
  PositionedRow,
  Position,
  ReadPage,
} from './kernel/pages/page.ts'
export { type PageParts, pages } from './kernel/pages/pages.ts'
export type { PageOutputOptions } from './kernel/pages/page-output.ts'
export type { Direction, Nulls, OrderBy, OrderColumn, Ordering } from './kernel/pages/page-order.ts'
export type {
  CursorOptions,
  KeysetOptions,
  OffsetOptions,
  PageInputOptions,
} from './kernel/pages/page-input.ts'
export {
  type AnyProblem,
  type Problem,
  problem,
  type ProblemDetail,
  ProblemError,
  type ProblemErrorWith,
  type ProblemMembers,
  type ProblemOf,
  type ProblemOptions,
  type ProblemWith,
} from './kernel/problem/problem.ts'
export { keepWrites, type ProblemWithWrites } from './kernel/problem/keep-writes.ts'
export {
  Forbidden,
  InsufficientScope,
  NotFound,
  PreconditionRequired,
  RecentSignInRequired,
  Unauthenticated,
  Unavailable,
} from './kernel/problem/problems.ts'
export type {
  KeyPart,
  OneDefinition,
  Relation,
  RelationContext,
  RelationDefinition,
  RelationKey,
} from './kernel/relations/relation.ts'
export type { InputOf, OutputOf, Schema } from './kernel/schema/schema.ts'
export type { RunningService, Service } from './kernel/service/service.ts'
export type { BesideOperations, ModuleExports, OperationsOf } from './kernel/service/module-exports.ts'
export type { CorsDefinition, CorsOrigins } from './kernel/service/cors.ts'
export type { Operations, ServiceDefinition } from './kernel/service/service-definition.ts'
export type {
  AccessRequest,
  Cookies,
  Credentials,
  Peer,
  PeerCertificate,
} from './kernel/operation/credentials.ts'
export type { Identifier, IdentifierHost, Identify } from './kernel/operation/identifier.ts'
export type {
  CertificateSecurityScheme,
  HttpSecurityScheme,
  KeySecurityScheme,
  SecurityRule,
  SecurityScheme,
  SecuritySchemes,
} from './kernel/operation/security-scheme.ts'
export type { Sealer, Sealing } from './kernel/host/sealer.ts'
export { type Mode, readMode, type ServiceHost } from './kernel/host/service-host.ts'
export { uuidv7 } from './kernel/base/uuid-v7.ts'
export type { Subjects } from './kernel/background/subject.ts'
