/** The style sheet of the inbox, in addition to that of the pages of problems. */
export const inboxStyle: string = `
.mails { margin: 2rem 0 0; padding: 0; list-style: none; background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.mails li + li { border-top: 1px solid var(--line); }
.mails a { display: grid; grid-template-columns: 1fr auto; gap: 0.1rem 1rem; padding: 0.8rem 1rem; color: inherit; text-decoration: none; }
.mails a:hover, .mails a:focus-visible { background: var(--back); }
.mails .subject { grid-row: 1; font-weight: 600; overflow-wrap: anywhere; }
.mails .to { grid-row: 2; grid-column: 1 / -1; color: var(--soft); font-size: 0.92rem; overflow-wrap: anywhere; }
time { color: var(--soft); font-size: 0.85rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
.mails time { grid-row: 1; align-self: baseline; }
.facts { flex-wrap: wrap; color: var(--soft); }
.facts strong { color: var(--text); font-weight: 600; }
.empty { padding: 2rem 1rem; color: var(--soft); text-align: center; background: var(--card); border: 1px dashed var(--line); border-radius: 8px; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
iframe { width: 100%; height: 26rem; background: #fff; border: 1px solid var(--line); border-radius: 8px; }
`
