export { type Access, type AccessRequest, allOf, anyOf, anyone } from './kernel/access.ts'
export type { Answer } from './kernel/answer.ts'
export type { CallRequest } from './kernel/call.ts'
export type { WireInput } from './kernel/wire-input.ts'
export { type Anonymous, anonymous, type Caller } from './kernel/caller.ts'
export type { Check, CheckContext, Checks, HealthDefinition } from './kernel/check.ts'
export { type Clock, systemClock, type Timer } from './kernel/clock.ts'
export type { Context, MutationContext } from './kernel/context.ts'
export type { Database, OpenDatabase } from './kernel/database.ts'
export type { Deadline } from './kernel/deadline.ts'
export type { Duration } from './kernel/duration.ts'
export type { Load } from './kernel/load.ts'
export { type Application, type DefineOne, holdfast, type HoldfastOptions } from './kernel/holdfast.ts'
export { HoldfastError } from './kernel/holdfast-error.ts'
export { event, type EventDefinition, type EventType, type Message, type Publish } from './kernel/event.ts'
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
} from './kernel/effects.ts'
export { GiveUp } from './kernel/give-up.ts'
export { createRedactor, type Redactor } from './kernel/redact.ts'
export { RetryLater, type RetryLaterOptions } from './kernel/retry-later.ts'
export type { Consumer, ConsumerContext, ConsumerDefinition } from './kernel/consumer.ts'
export type { Json } from './kernel/json.ts'
export type { Job, JobContext, JobDefinition } from './kernel/job.ts'
export type { ConcurrencyLimit, JobType, RateLimit, RetryPolicy } from './kernel/job-type.ts'
export type { Step, StepContext, WaitOptions } from './kernel/step.ts'
export { type MissedTicks, schedule, type Schedule, type ScheduleDefinition } from './kernel/schedule.ts'
export {
  type Broker,
  type BrokerConnection,
  relay,
  type Relay,
  type RelayDefinition,
  type RelayedMessage,
} from './kernel/relay.ts'
export type { Capability, Subscriber, Worker, WorkerOptions } from './kernel/background.ts'
export { createLogger, type LogFields, type Logger, type LoggerOptions, type LogLine } from './kernel/log.ts'
export type {
  MutationDefinition,
  NoInput,
  NoOutput,
  Operation,
  OperationDefinition,
  QueryDefinition,
} from './kernel/operation.ts'
export type {
  KeysetValues,
  Page,
  PageMarks,
  PageRequest,
  PageSource,
  PageWindow,
  PagingStyle,
  PlacedRow,
  Position,
  ReadPage,
} from './kernel/page.ts'
export { pageOf, type PageOfOptions } from './kernel/page-of.ts'
export {
  descending,
  type Direction,
  type Nulls,
  type OrderBy,
  type OrderColumn,
  type Ordering,
} from './kernel/page-order.ts'
export {
  type CursorOptions,
  type KeysetOptions,
  type OffsetOptions,
  paged,
  type PagedOptions,
} from './kernel/paged.ts'
export {
  type AnyProblemType,
  problem,
  type ProblemDetail,
  ProblemError,
  type ProblemOf,
  type ProblemOptions,
  type ProblemType,
} from './kernel/problem.ts'
export { Forbidden, PreconditionRequired, Unauthenticated, Unavailable } from './kernel/problems.ts'
export type {
  KeyPart,
  OneDefinition,
  Relation,
  RelationContext,
  RelationDefinition,
  RelationKey,
} from './kernel/relation.ts'
export type { InputOf, OutputOf, Schema } from './kernel/schema.ts'
export type { RunningService, Service } from './kernel/service.ts'
export type { BesideOperations, ModuleExports, OperationsOf } from './kernel/module-exports.ts'
export type { Operations, ServiceDefinition } from './kernel/service-definition.ts'
export type { Credentials, Identify } from './kernel/stages/identify.ts'
export type {
  HttpSecurityScheme,
  KeySecurityScheme,
  SecurityRule,
  SecurityScheme,
  SecuritySchemes,
} from './kernel/security-scheme.ts'
export { type Mode, readMode, type Surroundings } from './kernel/surroundings.ts'
export { uuidv7 } from './kernel/uuid-v7.ts'
