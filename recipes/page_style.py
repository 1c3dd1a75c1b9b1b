"""How a report looks: one style sheet, light and dark, for the screen and for paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1c2128; --soft: #5b6573; --line: #e3e7ed; --ground: #f5f6f8; --card: #ffffff;
  --accent: #0072b2; --good: #00795a; --good-ground: #e3f4ee;
  --bad: #b34700; --bad-ground: #fdeee2; --other-ground: #eceff3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e7eaef; --soft: #9aa5b4; --line: #2e3540; --ground: #14171c; --card: #1c2027;
    --accent: #6cb8e6; --good: #5fd0ab; --good-ground: #12332a;
    --bad: #ffac73; --bad-ground: #3b2413; --other-ground: #272d36;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1 { font-size: 2.1rem; line-height: 1.15; margin: 0; letter-spacing: -0.02em;
     overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 3rem 0 0.8rem; letter-spacing: -0.01em; }
h3 { font-size: 1rem; margin: 1.6rem 0 0.5rem; }
p { margin: 0.3rem 0; }
a { color: var(--accent); }
.kind { color: var(--accent); font-size: 0.8rem; font-weight: 650; letter-spacing: 0.09em;
        text-transform: uppercase; margin: 0 0 0.4rem; }
.summary { color: var(--soft); font-size: 1.1rem; margin-top: 0.5rem; max-width: 46rem; }
.soft, figcaption, .tile span, .unit { color: var(--soft); }
.verdict {
  display: flex; flex-wrap: wrap; gap: 1rem 3rem; align-items: flex-end; margin: 2rem 0 1rem;
  padding: 1.6rem 1.8rem; border-radius: 14px; background: var(--other-ground);
  break-inside: avoid;
}
.verdict.reached { background: var(--good-ground); }
.verdict.missed { background: var(--bad-ground); }
.verdict > div > span { display: block; color: var(--soft); font-size: 0.9rem; }
.verdict strong { font-size: 2.9rem; line-height: 1.1; font-weight: 700; letter-spacing: -0.03em;
                  font-variant-numeric: tabular-nums; }
.verdict strong.expected { font-weight: 450; font-size: 2rem; }
.verdict .sentence { flex: 1 1 14rem; }
.verdict .word { font-weight: 700; font-size: 1.15rem; }
.reached .word { color: var(--good); }
.missed .word { color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.8rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
        padding: 0.7rem 0.95rem; break-inside: avoid; }
.tile span { display: block; font-size: 0.82rem; }
.tile b { font-size: 1.15rem; font-weight: 650; font-variant-numeric: tabular-nums;
          overflow-wrap: anywhere; }
figure { margin: 0 0 1.4rem; background: var(--card); border: 1px solid var(--line);
         border-radius: 12px; padding: 1rem; break-inside: avoid; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; border-radius: 6px;
             background: #ffffff; }
figure h3 { margin: 0 0 0.1rem; }
figcaption { font-size: 0.9rem; margin-bottom: 0.8rem; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
          border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th, td { text-align: left; padding: 0.45rem 0.95rem; border-top: 1px solid var(--line);
         vertical-align: top; }
tr:first-child > * { border-top: 0; }
thead th { font-size: 0.82rem; color: var(--soft); font-weight: 600; white-space: nowrap; }
tbody tr:first-child > * { border-top: 1px solid var(--line); }
table.fields tbody tr:first-child > * { border-top: 0; }
table.fields th { width: 13rem; font-weight: 550; color: var(--soft); }
table.fields td { overflow-wrap: anywhere; white-space: pre-line; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.changed td::after { content: "changed"; margin-left: 0.6rem; padding: 0.05rem 0.5rem;
  border-radius: 99px; font-size: 0.75rem; background: var(--bad-ground); color: var(--bad); }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
            font-size: 0.9em; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
      padding: 0.9rem 1.1rem; margin: 0.6rem 0; white-space: pre-wrap; overflow-wrap: anywhere;
      user-select: all; }
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--accent); margin-bottom: 0.6rem; }
.warning { background: var(--bad-ground); color: var(--bad); border-radius: 10px;
           padding: 0.8rem 1.1rem; margin: 1.2rem 0; overflow-wrap: anywhere; }
footer { margin-top: 3.5rem; color: var(--soft); font-size: 0.85rem; }
@media print {
  :root {
    color-scheme: light; --ink: #000; --soft: #444; --line: #ccc; --ground: #fff; --card: #fff;
    --accent: #00507d; --good: #00553f; --bad: #8a3700;
  }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  h2 { break-after: avoid; margin-top: 1.6rem; }
  tr { break-inside: avoid; }
  .verdict, .verdict.reached, .verdict.missed { background: none; border: 1.5pt solid #888; }
  .scroll { overflow: visible; }
  details:not([open]) { display: none; }
}
"""
