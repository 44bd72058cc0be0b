"""The look of the page: its style sheet, and the few lines by which columns are found."""

from __future__ import annotations

# Contrast of text is 4.5 to 1 or better on every surface, in both schemes.
STYLE = """
:root {
  color-scheme: light dark;
  --page: #f5f7f9; --card: #ffffff; --ink: #17202b; --muted: #566372; --line: #dfe5eb;
  --faint: #eef2f6; --blue: #2563a8; --warm: #b4471b; --good: #17714a; --amber: #8a5a00;
  --warm-soft: #fbeae2; --good-soft: #e2f3ea; --amber-soft: #fbf1d9;
  --numeric: #2563a8; --categorical: #8b4fb3; --boolean: #0e7c86; --datetime: #97690a;
  --text: #3f7d20; --other: #7a8694;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #10151b; --card: #18202a; --ink: #e7ecf2; --muted: #a0adbb; --line: #2d3743;
    --faint: #212b36; --blue: #6fa9e8; --warm: #f0935e; --good: #63c79b; --amber: #e2b552;
    --warm-soft: #3a241a; --good-soft: #17322a; --amber-soft: #352b14;
    --numeric: #6fa9e8; --categorical: #c193e6; --boolean: #56c2cc; --datetime: #dcae4d;
    --text: #8fca6c; --other: #98a4b1;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--page); color: var(--ink); font-size: 15px; line-height: 1.5;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums;
}
main, header, footer { max-width: 1140px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 32px; }
h1 { font-size: 28px; line-height: 1.2; margin: 2px 0 6px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 40px 0 4px; }
h3 { font-size: 14px; margin: 0 0 8px; }
p { margin: 4px 0; overflow-wrap: anywhere; }
a { color: var(--blue); text-decoration-thickness: 1px; text-underline-offset: 3px; }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; border-radius: 3px; }
code { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.over { color: var(--muted); font-size: 12px; letter-spacing: .08em; text-transform: uppercase; }
.muted { color: var(--muted); }
.small { font-size: 13px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 12px; top: 12px; background: var(--card); padding: 8px 12px; z-index: 2; }
nav { display: flex; flex-wrap: wrap; gap: 4px 18px; margin-top: 12px; font-size: 14px; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 18px 20px;
  margin-top: 12px;
}
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
.facts .card { margin: 0; padding: 12px 16px; min-width: 0; }
.facts dt { color: var(--muted); font-size: 13px; }
.facts dd {
  margin: 0; font-size: 21px; font-weight: 600; line-height: 1.3; overflow-wrap: break-word;
}
.facts dd.word { font-size: 17px; line-height: 1.6; }
.facts dd small { display: block; font-size: 12px; font-weight: 400; color: var(--muted); }
.types { display: flex; height: 10px; gap: 2px; margin: 18px 0 8px; }
.types span { background: var(--tone); border-radius: 3px; min-width: 4px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; list-style: none; margin: 0; padding: 0; }
.type { white-space: nowrap; font-size: 13px; color: var(--muted); }
.type::before {
  content: ""; display: inline-block; width: 9px; height: 9px; border-radius: 3px;
  background: var(--tone); margin-right: 6px;
}
.numeric { --tone: var(--numeric); } .categorical { --tone: var(--categorical); }
.boolean { --tone: var(--boolean); } .datetime { --tone: var(--datetime); }
.text { --tone: var(--text); }
.identifier, .constant, .duplicate, .unsupported { --tone: var(--other); }
.checks { list-style: none; margin: 0; padding: 0; }
.checks li { display: grid; grid-template-columns: 84px 1fr; gap: 12px; padding: 10px 0; }
.checks li + li { border-top: 1px solid var(--line); }
.checks p { margin: 0; overflow-wrap: anywhere; }
.pill {
  align-self: start; justify-self: start; border-radius: 99px; padding: 1px 10px; font-size: 12px;
  font-weight: 600; background: var(--good-soft); color: var(--good);
}
.pill.alerted { background: var(--warm-soft); color: var(--warm); }
.pill.fixed { background: var(--amber-soft); color: var(--amber); }
.scroll { overflow-x: auto; }
.beside { display: flex; flex-wrap: wrap; gap: 12px 32px; align-items: center; }
.beside > * { min-width: 0; }
.beside > :last-child { flex: 1 1 340px; }
.tall { max-height: 760px; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 600; font-size: 13px; color: var(--muted); }
th, td { padding: 7px 16px 7px 0; border-bottom: 1px solid var(--line); vertical-align: middle; }
tr:last-child > th, tr:last-child > td { border-bottom: 0; }
tbody th { color: var(--ink); font-size: 14px; font-weight: 500; overflow-wrap: anywhere; }
tbody th .type { display: block; font-weight: 400; }
.number { text-align: right; white-space: nowrap; }
.number .value { display: inline-block; min-width: 54px; }
.columns td:last-child { padding-right: 0; }
.columns thead th { position: sticky; top: 0; background: var(--card); }
.columns .sketch { width: 132px; height: 30px; }
.columns .said {
  color: var(--muted); font-size: 13px; max-width: 300px; overflow-wrap: anywhere;
}
svg { display: block; }
svg.sketch, svg.chart { fill: var(--tone, var(--blue)); }
svg.chart { width: 100%; height: 130px; border-bottom: 1px solid var(--line); }
svg.chart rect { fill: transparent; }
svg.chart rect:hover { fill: var(--line); }
svg.chart path, svg.sketch path { pointer-events: none; }
svg.line { fill: none; stroke: var(--warm); height: 70px; }
svg.line path { stroke-width: 2px; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
svg.line path { stroke-linecap: round; }
svg.heat { font-size: 11px; max-width: none; }
svg.heat text { fill: var(--ink); }
svg.heat .on { fill: var(--card); }
svg.heat .plus { fill: var(--blue); } svg.heat .minus { fill: var(--warm); }
svg.heat .none { fill: var(--muted); }
.scale { display: flex; justify-content: space-between; font-size: 12px; color: var(--muted); }
.scale { gap: 8px; margin-top: 3px; }
figure { margin: 0; }
figcaption { font-size: 13px; color: var(--muted); margin-bottom: 8px; }
.meter { display: inline-block; width: 56px; height: 6px; border-radius: 3px; }
.meter { background: var(--faint); overflow: hidden; vertical-align: middle; margin-right: 8px; }
.meter span { display: block; height: 100%; background: var(--bar, var(--blue)); }
.lacks { --bar: var(--warm); }
.ranking { list-style: none; margin: 0; padding: 0; font-size: 14px; }
.ranking li {
  display: grid; grid-template-columns: minmax(90px, 210px) 1fr 64px; gap: 12px; padding: 3px 0;
  align-items: center;
}
.ranking .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.ranking .meter { width: 100%; height: 12px; }
.ranking .meter span { border-radius: 3px; background: var(--tone, var(--blue)); }
.ranking .value { text-align: right; color: var(--muted); white-space: nowrap; }
.short li { grid-template-columns: minmax(70px, 150px) 1fr 118px; padding: 2px 0; }
.short { font-size: 13px; }
details.column { padding: 0; scroll-margin-top: 12px; }
details.column > summary {
  display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: center; padding: 12px 20px;
  cursor: pointer; list-style: none;
}
details.column > summary::-webkit-details-marker { display: none; }
details.column > summary::before { content: "▸"; color: var(--muted); width: 10px; }
details.column[open] > summary::before { content: "▾"; }
details.column > summary h3 { margin: 0; font-size: 15px; overflow-wrap: anywhere; }
details.column > summary .said { margin-left: auto; }
.inside { padding: 4px 20px 20px; border-top: 1px solid var(--line); }
.inside > .why { margin: 12px 0; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); }
.two { gap: 20px 36px; align-items: start; }
.pairs { columns: 2 200px; column-gap: 32px; margin: 0; font-size: 13px; }
.pairs div { display: flex; justify-content: space-between; gap: 12px; break-inside: avoid; }
.pairs div { border-bottom: 1px solid var(--line); padding: 4px 0; }
.pairs dt { color: var(--muted); }
.pairs dd { margin: 0; text-align: right; }
.more { margin-top: 18px; }
.quote { margin: 6px 0; padding-left: 12px; border-left: 3px solid var(--line); font-size: 14px; }
.quote { overflow-wrap: anywhere; }
.tools { display: flex; flex-wrap: wrap; gap: 10px; margin-bottom: 10px; }
.tools input, .tools button {
  font: inherit; font-size: 14px; color: inherit; background: var(--page); padding: 5px 12px;
  border: 1px solid var(--line); border-radius: 7px;
}
.tools input { flex: 1; min-width: 140px; }
.tools button { cursor: pointer; }
[hidden] { display: none !important; }
footer { padding: 28px 20px 40px; color: var(--muted); font-size: 13px; }
@media (max-width: 720px) {
  main, header { padding-left: 14px; padding-right: 14px; }
  header { padding-top: 20px; }
  h1 { font-size: 23px; }
  .card { padding: 14px; }
  .facts { grid-template-columns: repeat(2, 1fr); gap: 8px; }
  .facts dd { font-size: 19px; }
  .columns .wide { display: none; }
  .columns .sketch { width: 64px; }
  th, td { padding-right: 8px; }
  .columns thead th { font-size: 11px; white-space: normal; }
  .number .value { min-width: 0; }
  .columns .meter { display: none; }
  .ranking li { grid-template-columns: 38% 1fr 56px; gap: 8px; }
  .short li { grid-template-columns: 34% 1fr 100px; }
  .checks li { grid-template-columns: 1fr; gap: 4px; }
  details.column > summary { padding: 10px 14px; }
  details.column > summary .said { margin-left: 0; width: 100%; }
  .inside { padding: 2px 14px 14px; }
}
@media print {
  body { background: #fff; }
  .tools, nav { display: none; }
  .card { break-inside: avoid; }
}
"""

# Without scripts the page is whole, but for finding a column by typing, and opening all at once.
SCRIPT = """
const find = document.getElementById("find"), tools = document.querySelectorAll(".tools");
tools.forEach((one) => (one.hidden = false));
if (find) find.addEventListener("input", () => {
  const wanted = find.value.trim().toLowerCase();
  document.querySelectorAll("[data-name]").forEach((one) => {
    one.hidden = !(one.dataset.name + " " + one.dataset.type).toLowerCase().includes(wanted);
  });
});
const all = document.getElementById("all");
if (all) all.addEventListener("click", () => {
  const open = all.getAttribute("aria-pressed") !== "true";
  document.querySelectorAll("details.column").forEach((one) => (one.open = open));
  all.setAttribute("aria-pressed", open);
  all.textContent = open ? "Close all" : "Open all";
});
const reveal = () => {
  const one = document.getElementById(location.hash.slice(1));
  if (one && one.matches("details")) one.open = true;
};
addEventListener("hashchange", reveal);
reveal();
"""
