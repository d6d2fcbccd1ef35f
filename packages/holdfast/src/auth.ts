export { argon2id, type Argon2idOptions } from './identity/passwords/argon2id.ts'
export type { PasswordHasher } from './identity/passwords/password-hasher.ts'
export { type PasswordIssue, PasswordUnacceptable } from './identity/passwords/problems.ts'
export { type PasswordOptions, Passwords } from './identity/passwords/passwords.ts'
export { inSession, type SessionUser } from './identity/sessions/session-identifier.ts'
export {
  type NewSession,
  type Session,
  type SessionOptions,
  type Sessions,
  sessions,
} from './identity/sessions/sessions.ts'
