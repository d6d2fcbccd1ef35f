/** The style sheet of the pages that the framework renders itself. */
export const pageStyle: string = `
:root { color-scheme: light dark; --text: #1d2330; --soft: #5b6475; --line: #dfe3ea; --back: #fbfbfd; --card: #fff; --accent: #2f5fd0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e7eaf1; --soft: #9aa4b7; --line: #2c3342; --back: #12151c; --card: #1a1f29; --accent: #8fb0ff; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 3rem 1.25rem 5rem; }
h1 { margin: 0 0 0.75rem; font-size: 1.9rem; line-height: 1.25; letter-spacing: -0.01em; text-wrap: balance; }
h2 { margin: 2.5rem 0 0.5rem; font-size: 1.05rem; }
p { margin: 0 0 1rem; }
a { color: var(--accent); text-underline-offset: 0.2em; }
code, pre { font: 0.9em/1.55 ui-monospace, monospace; }
pre { margin: 0; padding: 1rem 1.25rem; overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.lead { color: var(--soft); font-size: 1.08rem; }
.facts { display: flex; gap: 0.75rem; align-items: center; }
.status { padding: 0.1rem 0.55rem; border: 1px solid var(--line); border-radius: 99px; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
.problems { margin: 2rem 0 0; padding: 0; list-style: none; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.problems li + li { border-top: 1px solid var(--line); }
.problems a { display: flex; flex-wrap: wrap; gap: 0.25rem 0.85rem; align-items: baseline; padding: 0.7rem 1rem; color: inherit; text-decoration: none; }
.problems a:hover span + span, .problems a:focus-visible span + span { text-decoration: underline; }
.problems code { margin-left: auto; color: var(--soft); }
table { width: 100%; border-collapse: collapse; text-align: left; }
th, td { padding: 0.5rem 0.75rem 0.5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-size: 0.85rem; font-weight: 600; }
`
