import type { Mutant } from './mutant.ts'

const room = 'packages/holdfast/src/identity/mail'
const test = `${room}/smtp.test.ts`
const inboxTest = `${room}/inbox.browser.test.ts`

/** Mutants of mails: SMTP and the inbox of development. */
export const mailMutants: readonly Mutant[] = [
  {
    name: 'smtp: certificates are not verified',
    file: `${room}/smtp.ts`,
    text: 'rejectUnauthorized: true',
    replacement: 'rejectUnauthorized: false',
    killedBy: [{ file: test, name: 'a certificate of an unknown authority is refused' }],
    why: 'A network attacker would read the password of the mail server and the tokens in mails.',
  },
  {
    name: 'smtp: STARTTLS is optional',
    file: `${room}/smtp-options.ts`,
    text: 'requireTLS: !url.server.secure && !isOptional',
    replacement: 'requireTLS: false',
    killedBy: [{ file: test, name: 'a server without STARTTLS is refused' }],
    why: 'A network attacker could remove STARTTLS from the answer of the server.',
  },
  {
    name: 'smtp: fields are not checked',
    file: `${room}/smtp.ts`,
    text: 'checkFields(message)\n',
    replacement: '\n',
    killedBy: [{ file: test, name: 'is refused, and not tried again' }],
    why: 'A line break in a field could add a header.',
  },
  {
    name: 'smtp: a retry is another mail',
    file: `${room}/smtp.ts`,
    text: 'update(key)',
    replacement: 'update(key + Math.random())',
    killedBy: [{ file: test, name: 'has the same Message-ID in all attempts' }],
    why: 'A mail whose answer was lost would be shown twice.',
  },
  {
    name: 'smtp: a permanent refusal is tried again',
    file: `${room}/smtp-failure.ts`,
    text: "status >= 500 && (command === 'RCPT TO'",
    replacement: "status >= 600 && (command === 'RCPT TO'",
    killedBy: [{ file: test, name: 'to with 550: permanent is true' }],
    why: 'Servers block senders that keep sending to addresses that do not exist.',
  },
  {
    name: 'smtp: the answer of the server is shown with the recipient',
    file: `${room}/smtp-failure.ts`,
    text: 'for (const secret of [...secrets, message.to])',
    replacement: 'for (const secret of [...secrets])',
    killedBy: [{ file: test, name: 'to with 550: permanent is true' }],
    why: 'Addresses would be in logs and in the errors of jobs.',
  },
  {
    name: 'inbox: another host name is answered',
    file: `${room}/inbox-pages.ts`,
    text: "return isLoopback(host.replace(/^\\[(.*)\\]$/, '$1'))",
    replacement: "return host !== '-'",
    killedBy: [{ file: inboxTest, name: 'only this machine sees the mails' }],
    why: 'A page of any site could read the tokens in mails by DNS rebinding.',
  },
  {
    name: 'inbox: production starts with it',
    file: `${room}/inbox.ts`,
    text: "if (mode === 'production')",
    replacement: "if (mode === 'production' && maxMails < 0)",
    killedBy: [{ file: inboxTest, name: 'production does not start' }],
    why: 'The mails of users would be lost.',
  },
]
