export {
  type AccountOperations,
  type AccountOptions,
  type Accounts,
  accounts,
} from './identity/accounts/accounts.ts'
export type { AccountChangeKind, AccountMail } from './identity/accounts/account-mails.ts'
export type { AttemptLimits } from './identity/accounts/attempt-limit.ts'
export type { OwnAccount, OwnSession } from './identity/accounts/own-account.ts'
export {
  CredentialsInvalid,
  EmailUnverified,
  LinkInvalid,
  type PendingSignIn,
  SecondFactorRequired,
  TooManyAttempts,
} from './identity/accounts/problems.ts'
export { inbox, type Inbox, type InboxOptions } from './identity/mail/inbox.ts'
export type { ReceivedMail } from './identity/mail/received-mail.ts'
export type { Mail, MailCall, MailMessage } from './identity/mail/mail.ts'
export { mailOf } from './identity/mail/mail-of.ts'
export { smtp, type Smtp } from './identity/mail/smtp.ts'
export type { SmtpOptions } from './identity/mail/smtp-options.ts'
export type { BegunUrl } from './identity/oidc/begin-sign-in.ts'
export type { CompletedSignIn } from './identity/oidc/completed-sign-in.ts'
export type { FromSettings, IdentityClaims, IdentityProvider } from './identity/oidc/identity-provider.ts'
export type { LinkedProvider } from './identity/oidc/linked-providers.ts'
export {
  AccountNotLinked,
  IdentityLinked,
  LastSignInMethod,
  ProviderEmailMissing,
  ProviderEmailUnverified,
  ProviderRefused,
  ProviderUnknown,
  ReturnPathRefused,
  SignInNotBegun,
} from './identity/oidc/problems.ts'
export { google } from './identity/oidc/providers/google.ts'
export { microsoft, type MicrosoftOptions } from './identity/oidc/providers/microsoft.ts'
export type { ProviderPresetOptions } from './identity/oidc/providers/preset.ts'
export type { ProviderMail } from './identity/oidc/provider-mails.ts'
export {
  type SignInPages,
  type SignInWith,
  signInWith,
  type SignInWithOperations,
  type SignInWithOptions,
} from './identity/oidc/sign-in-with.ts'
export { argon2id, type Argon2idOptions } from './identity/passwords/argon2id.ts'
export type { PasswordHasher } from './identity/passwords/password-hasher.ts'
export { type PasswordIssue, PasswordUnacceptable } from './identity/passwords/problems.ts'
export type { PasswordOptions } from './identity/passwords/passwords.ts'
export { inSession, type SessionUser } from './identity/sessions/session-identifier.ts'
export {
  type NewSession,
  type Session,
  type SessionOptions,
  type Sessions,
  sessions,
} from './identity/sessions/sessions.ts'
export {
  type AuthenticatorApp,
  authenticatorApp,
  type AuthenticatorAppOptions,
  type SecondFactorOperations,
} from './identity/second-factor/authenticator-app.ts'
export type { NewAuthenticator } from './identity/second-factor/own-authenticator.ts'
export type { OwnSecondFactor, RecoveryCodes } from './identity/second-factor/own-second-factor.ts'
export {
  SecondFactorExists,
  SecondFactorInvalid,
  SecondFactorMissing,
  SignInExpired,
} from './identity/second-factor/problems.ts'
export { authenticatorCode } from './identity/second-factor/authenticator-code.ts'
export type {
  CredentialInput,
  CredentialJson,
  NamedCredentialInput,
} from './identity/passkeys/credential-input.ts'
export type { PasskeyCreation } from './identity/passkeys/add-passkey.ts'
export type { OwnPasskey } from './identity/passkeys/own-passkeys.ts'
export {
  type PasskeyOperations,
  type PasskeyOptions,
  type Passkeys,
  passkeys,
} from './identity/passkeys/passkeys.ts'
export { PasskeyInvalid, PasskeyNotAdded, PasskeyUnknown } from './identity/passkeys/problems.ts'
export type { PasskeyRequest } from './identity/passkeys/sign-in-with-passkey.ts'
