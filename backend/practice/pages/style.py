"""The stylesheet and the small drawings of the practice pages.

They live in Python so that the simulators are complete wherever the package is installed.
"""

from __future__ import annotations

import hashlib

STYLESHEET = """
:root {
  color-scheme: light dark;
  --bg: #f7f7f5; --surface: #ffffff; --sunken: #f0efec; --line: #e4e2dd; --line-strong: #cfccc5;
  --ink: #1b1b1a; --ink-2: #55534e; --ink-3: #6f6c66; --accent: #1a54e6; --accent-soft: #e8eeff;
  --ai: #7a3ff2; --ai-soft: #f1eaff; --on-ai: #ffffff; --warn: #8a5200; --warn-soft: #fff1dc;
  --ring: conic-gradient(from 210deg, #f6b15a, #e8637a, #8a4fd8, #4f7df3, #f6b15a);
  --shadow: 0 1px 2px rgb(27 27 26 / 4%), 0 8px 24px rgb(27 27 26 / 6%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #121212; --surface: #1a1a1b; --sunken: #0d0d0d; --line: #2a2a2b; --line-strong: #3b3b3d;
    --ink: #f2f1ee; --ink-2: #b7b4ad; --ink-3: #97948d; --accent: #7ea2ff; --accent-soft: #1c2745;
    --ai: #b79bff; --ai-soft: #2a2142; --on-ai: #17102b; --warn: #f3bd6a; --warn-soft: #2f2413;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 8px 24px rgb(0 0 0 / 30%);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--bg); color: var(--ink); min-height: 100vh;
  display: flex; flex-direction: column;
  font: 400 14px/20px "Inter Variable", Inter, system-ui, -apple-system, "Segoe UI", Roboto,
    "Helvetica Neue", Arial, sans-serif;
  font-optical-sizing: auto; -webkit-font-smoothing: antialiased;
}
h1, h2, p, dl, dd, figure, ul, ol { margin: 0; padding: 0; }
ul, ol { list-style: none; }
img { display: block; max-width: 100%; }
a { color: inherit; text-decoration: none; }
a:hover { text-decoration: underline; text-underline-offset: 2px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -999px; top: 8px; background: var(--surface); padding: 8px 12px;
  border-radius: 8px; }
.skip:focus { left: 8px; z-index: 2; }

.bar { background: var(--surface); border-bottom: 1px solid var(--line); }
.bar-inner { max-width: 975px; margin: 0 auto; padding: 0 20px; min-height: 56px; display: flex;
  align-items: center; gap: 8px 16px; flex-wrap: wrap; padding-block: 8px; }
.brand { display: flex; align-items: center; gap: 10px; font-weight: 650; font-size: 16px; line-height: 24px;
  letter-spacing: -0.01em; white-space: nowrap; }
.brand svg { width: 26px; height: 26px; flex: none; }
.notice { margin-left: auto; background: var(--warn-soft); color: var(--warn); border-radius: 8px;
  padding: 4px 10px; font-size: 13px; }
.notice strong { font-weight: 600; }

main { flex: 1; width: 100%; max-width: 975px; margin: 0 auto; padding: 32px 20px 56px; }
footer { border-top: 1px solid var(--line); color: var(--ink-3); font-size: 12px; line-height: 16px;
  padding: 16px 20px 24px; text-align: center; }

.avatar { flex: none; border-radius: 50%; padding: 3px; background: var(--ring); }
.avatar img { border-radius: 50%; border: 2px solid var(--surface); width: 100%; height: 100%; }
.avatar-large { width: 116px; height: 116px; padding: 4px; }
.avatar-large img { border-width: 4px; border-color: var(--bg); }
.avatar-small { width: 40px; height: 40px; padding: 2px; }
.avatar-plain { background: none; padding: 0; }
.avatar-plain img { border: 0; }

.profile { display: flex; align-items: center; gap: 40px; padding: 8px 24px 36px; }
.profile h1 { font-size: 22px; line-height: 28px; font-weight: 650; letter-spacing: -0.02em;
  overflow-wrap: anywhere; }
.profile .facts { margin-top: 8px; color: var(--ink-2); }
.profile .facts b { color: var(--ink); font-weight: 600; font-variant-numeric: tabular-nums; }
.profile .facts a { color: var(--ink); font-weight: 600; text-decoration: underline;
  text-underline-offset: 3px; text-decoration-color: var(--line-strong); }
.profile .name { margin-top: 8px; font-weight: 600; }

.grid { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 4px;
  border-top: 1px solid var(--line); padding-top: 24px; }
.tile { position: relative; display: block; aspect-ratio: 1; border-radius: 8px; overflow: hidden;
  background: var(--sunken); }
.tile img { width: 100%; height: 100%; object-fit: cover; transition: opacity 150ms ease-out; }
.tile:hover img { opacity: 0.9; }
.tile:focus-visible { outline-offset: 3px; border-radius: 8px; }
.tag { display: inline-flex; align-items: center; gap: 4px; background: var(--ai); color: var(--on-ai);
  border-radius: 6px; padding: 0 7px; font-size: 12px; line-height: 20px; font-weight: 600; }
.tile .tag { position: absolute; left: 8px; bottom: 8px; }
.tile .stack { position: absolute; right: 8px; top: 8px; width: 20px; height: 20px; color: #fff;
  filter: drop-shadow(0 1px 2px rgb(0 0 0 / 55%)); }
.older { display: block; margin: 24px auto 0; width: fit-content; padding: 6px 14px; border-radius: 8px;
  border: 1px solid var(--line-strong); background: var(--surface); font-weight: 500; }

.pairs { padding: 0 24px 20px; }
.pairs ul { display: flex; flex-wrap: wrap; gap: 8px; }
.pairs a { display: block; padding: 5px 12px; border-radius: 8px; border: 1px solid var(--line-strong);
  background: var(--surface); font-size: 13px; line-height: 20px; font-weight: 500; }
.pairs a[aria-current] { border-color: var(--accent); background: var(--accent-soft); }
.quiet { color: var(--ink-3); padding: 0 24px 24px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.place { margin-left: 8px; border-radius: 6px; background: var(--sunken); color: var(--ink-3);
  padding: 1px 7px; font-size: 12px; line-height: 18px; font-weight: 500; }
.active { background: var(--warn-soft); color: var(--warn); border-radius: 12px; padding: 14px 20px;
  margin-bottom: 24px; }
.active div, .active li { display: flex; align-items: center; flex-wrap: wrap; gap: 4px 12px; }
.active h2 { font-size: 15px; line-height: 22px; font-weight: 650; flex: 1; }
.active li { padding-top: 8px; }
.active li form { margin-left: auto; }
.rehearsals { margin-bottom: 28px; }
.rehearsals h2 { font-size: 17px; line-height: 26px; font-weight: 650; letter-spacing: -0.01em;
  padding: 0 4px 8px; }
.rehearsals ul { background: var(--surface); border: 1px solid var(--line); border-radius: 12px;
  box-shadow: var(--shadow); }
.rehearsals li { display: flex; align-items: center; gap: 12px 20px; padding: 12px 20px; }
.rehearsals li + li { border-top: 1px solid var(--line); }
.rehearsals li > div:first-child { flex: 1; min-width: 0; }
.rehearsals h3 { margin: 0; font-size: 14px; line-height: 20px; font-weight: 600; }
.rehearsals p { color: var(--ink-2); font-size: 13px; line-height: 20px; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; justify-content: flex-end; }
button { font: inherit; font-size: 13px; font-weight: 500; line-height: 20px; padding: 5px 12px;
  border-radius: 8px; border: 1px solid var(--line-strong); background: var(--surface); color: var(--ink);
  cursor: pointer; position: relative; }
button:hover { background: var(--sunken); }
.choose { display: flex; gap: 8px; align-items: end; justify-content: center; flex-wrap: wrap;
  margin-top: 20px; }
.choose label { display: grid; gap: 4px; text-align: left; font-size: 13px; }
.choose input { font: inherit; padding: 5px 10px; border-radius: 8px; border: 1px solid var(--line-strong);
  background: var(--surface); color: var(--ink); }
@media (max-width: 640px) {
  .rehearsals li { flex-direction: column; align-items: stretch; }
  .buttons { justify-content: flex-start; }
}

.empty { border-top: 1px solid var(--line); padding: 64px 20px 40px; text-align: center;
  color: var(--ink-2); }
.empty svg { width: 64px; height: 64px; color: var(--ink-3); }
.empty h1, .empty h2 { margin: 16px 0 4px; color: var(--ink); font-size: 20px; line-height: 28px;
  font-weight: 650; letter-spacing: -0.02em; }
.empty p { max-width: 44ch; margin: 0 auto; }

.post { display: grid; grid-template-columns: minmax(0, 1fr) 360px; background: var(--surface);
  border: 1px solid var(--line); border-radius: 12px; overflow: hidden; box-shadow: var(--shadow); }
.stage { background: var(--sunken); display: flex; align-items: center; min-width: 0; }
.stage img { width: 100%; height: auto; max-height: 820px; object-fit: contain; }
.slides { display: flex; width: 100%; overflow-x: auto; scroll-snap-type: x mandatory; }
.slides li { flex: 0 0 100%; scroll-snap-align: start; position: relative; display: flex;
  align-items: center; }
.slides li { scroll-margin-top: 100vh; }
.slides .whole, .stage > .whole { width: 100%; }
.slides li:not(:first-child) .whole { position: absolute; inset: 0; }
.slides li:not(:first-child) img { width: 100%; height: 100%; max-height: none; object-fit: cover; }
.arrow { position: absolute; top: 50%; width: 32px; height: 32px; margin-top: -16px; border-radius: 50%;
  display: flex; align-items: center; justify-content: center; background: rgb(255 255 255 / 88%);
  color: #1b1b1a; box-shadow: 0 1px 4px rgb(0 0 0 / 28%); }
.arrow:hover { background: #fff; }
.arrow:focus-visible { border-radius: 50%; }
.arrow svg { width: 16px; height: 16px; }
.arrow.before { left: 12px; }
.arrow.after { right: 12px; }
@media (prefers-reduced-motion: no-preference) {
  .slides { scroll-behavior: smooth; }
}
.comments { list-style: none; border-top: 1px solid var(--line); }
.comments .caption { padding: 12px 20px; }
.comments .sub { color: var(--ink-3); font-size: 12px; line-height: 16px; }
.loose { background: var(--surface); border: 1px dashed var(--line); border-radius: 12px; padding: 16px 20px;
  margin: 16px 0; }
.loose h2 { font-size: 15px; line-height: 22px; font-weight: 600; }
.loose p { color: var(--ink-3); font-size: 12px; line-height: 16px; }
.loose .strip { display: flex; gap: 8px; margin-top: 12px; overflow-x: auto; }
.loose img { width: 72px; height: 72px; object-fit: cover; border-radius: 6px; }
.slides .count { position: absolute; right: 12px; top: 12px; background: rgb(0 0 0 / 68%); color: #fff;
  border-radius: 12px; padding: 2px 10px; font-size: 12px; font-variant-numeric: tabular-nums; }
.side { display: flex; flex-direction: column; border-left: 1px solid var(--line); min-width: 0; }
.who { display: flex; align-items: center; gap: 12px; padding: 16px 20px;
  border-bottom: 1px solid var(--line); }
.who .name { font-weight: 600; font-size: 15px; line-height: 22px; overflow-wrap: anywhere; }
.who .sub { color: var(--ink-3); font-size: 12px; line-height: 16px; }
.caption { padding: 16px 20px; white-space: pre-wrap; overflow-wrap: anywhere; flex: 1; }
.caption b { font-weight: 600; }
.caption .mark { color: var(--accent); }
.caption.none { color: var(--ink-3); }
.label { margin: 0 20px 16px; padding: 10px 12px; border-radius: 8px; background: var(--ai-soft);
  color: var(--ink); font-size: 13px; display: flex; gap: 10px; align-items: flex-start; }
.facts-list { border-top: 1px solid var(--line); padding: 14px 20px 16px; font-size: 12px; line-height: 16px;
  display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 6px 16px; }
.facts-list dt { color: var(--ink-3); }
.facts-list dd { color: var(--ink-2); overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.back { display: inline-flex; align-items: center; gap: 6px; color: var(--ink-2); margin-bottom: 16px;
  font-weight: 500; min-height: 24px; }
.back svg { width: 16px; height: 16px; }

.page-head { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; overflow: hidden;
  margin-bottom: 20px; }
.cover { height: 148px; }
.cover-0 { background: linear-gradient(120deg, #f4cfa0, #c9695a); }
.cover-1 { background: linear-gradient(120deg, #c2ddc2, #4f8a78); }
.cover-2 { background: linear-gradient(120deg, #bfe3e2, #3d7f97); }
.cover-3 { background: linear-gradient(120deg, #f5cfd2, #a95c7d); }
.cover-4 { background: linear-gradient(120deg, #d7cae8, #6a5aa3); }
.cover-5 { background: linear-gradient(120deg, #d3ddeb, #5d76a8); }
.page-name { display: flex; align-items: center; gap: 20px; padding: 0 24px 20px; }
.page-name .avatar { margin-top: -36px; }
.page-name .avatar-large img { border-color: var(--surface); border-width: 4px; border-style: solid; }
.page-name h1 { font-size: 22px; line-height: 28px; font-weight: 650; letter-spacing: -0.02em;
  overflow-wrap: anywhere; margin-top: 14px; }
.page-name p { color: var(--ink-3); font-size: 13px; }
.feed { max-width: 640px; margin: 0 auto; }
.card { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; overflow: hidden;
  margin-bottom: 16px; box-shadow: var(--shadow); }
.card .who { border-bottom: 0; padding-bottom: 4px; }
.card .caption { font-size: 15px; line-height: 22px; padding: 8px 20px 16px; }
.card .link { display: block; margin: 0 20px 16px; padding: 12px; border-radius: 8px;
  background: var(--sunken); color: var(--accent); overflow-wrap: anywhere; }
.photos { display: grid; gap: 2px; background: var(--line); border-top: 1px solid var(--line); }
.photos img { width: 100%; height: auto; max-height: 760px; object-fit: contain; background: var(--sunken); }
.whole { display: block; position: relative; min-width: 0; min-height: 0; }
.whole:hover img { opacity: 0.94; }
.whole:focus-visible { outline-offset: -3px; border-radius: 0; }
.photos.many { aspect-ratio: 1; grid-template-columns: 1fr 1fr; grid-auto-rows: minmax(0, 1fr); }
.photos.many img, .photos.rest img { width: 100%; height: 100%; max-height: none; object-fit: cover; }
.count-2.wide { grid-template-columns: 1fr; }
.photos.count-2.square { aspect-ratio: 2; }
.count-3.wide .whole:first-child { grid-column: span 2; }
.count-3:not(.wide) .whole:first-child { grid-row: span 2; }
.count-4.wide, .count-4.high { grid-template-columns: repeat(3, 1fr); }
.count-4.wide { grid-template-rows: repeat(3, minmax(0, 1fr)); }
.count-4.wide .whole:first-child { grid-column: span 3; grid-row: span 2; }
.count-4.high .whole:first-child { grid-column: span 2; grid-row: span 3; }
.photos.count-5 { aspect-ratio: 1.2; grid-template-columns: repeat(6, 1fr);
  grid-template-rows: 3fr 2fr; grid-auto-rows: auto; }
.count-5 .whole { grid-column: span 2; }
.count-5 .whole:nth-child(-n + 2) { grid-column: span 3; }
.photos.rest { grid-template-columns: repeat(auto-fit, minmax(30%, 1fr)); margin-top: 2px; border-top: 0;
  background: none; }
.rest .whole { aspect-ratio: 1.2; }
.more { position: absolute; inset: 0; display: flex; align-items: center; justify-content: center;
  background: rgb(0 0 0 / 55%); color: #fff; font-size: 22px; line-height: 28px; font-weight: 650; }

@media (max-width: 760px) {
  main { padding: 16px 16px 40px; }
  main.wide-on-phone { padding-inline: 0; }
  .bar-inner { padding-inline: 16px; }
  .notice { margin-left: 0; width: 100%; }
  .profile { gap: 20px; padding: 8px 16px 24px; }
  .avatar-large { width: 84px; height: 84px; }
  .grid { gap: 2px; padding-top: 16px; }
  .tile { border-radius: 0; }
  .post { grid-template-columns: minmax(0, 1fr); border-radius: 0; border-inline: 0; }
  .side { border-left: 0; }
  .back { margin-inline: 16px; }
  .cover { height: 96px; }
  .page-name { padding: 0 16px 16px; gap: 14px; }
  .page-head, .card { border-radius: 10px; }
}
@media (prefers-reduced-motion: reduce) {
  .tile img { transition: none; }
}
""".strip()

STYLESHEET_VERSION = hashlib.sha256(STYLESHEET.encode()).hexdigest()[:12]

INSTAGRAM_MARK = (
    '<svg viewBox="0 0 26 26" aria-hidden="true"><defs><linearGradient id="g" x1="0" y1="1" x2="1" y2="0">'
    '<stop stop-color="#f2a65a"/><stop offset=".5" stop-color="#dd5478"/>'
    '<stop offset="1" stop-color="#7a4fd8"/>'
    '</linearGradient></defs><rect width="26" height="26" rx="7" fill="url(#g)"/>'
    '<rect x="6" y="6" width="14" height="14" rx="4.5" fill="none" stroke="#fff" stroke-width="1.8"/>'
    '<circle cx="13" cy="13" r="3.1" fill="none" stroke="#fff" stroke-width="1.8"/></svg>'
)
PAGE_MARK = (
    '<svg viewBox="0 0 26 26" aria-hidden="true"><rect width="26" height="26" rx="7" fill="#2f66d8"/>'
    '<path d="M8 19V7.5A.5.5 0 0 1 8.5 7h8.2l-1.6 3 1.6 3H9.6" fill="none" stroke="#fff" stroke-width="1.8" '
    'stroke-linecap="round" stroke-linejoin="round"/></svg>'
)
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 26 26">'
    '<rect width="26" height="26" rx="7" fill="#1b1b1a"/>'
    '<circle cx="17" cy="9" r="3" fill="#f6d68a"/><path d="M3 21l6-8 4 5 3-4 7 7z" fill="#7fc7a4"/></svg>'
)
EMPTY_MARK = (
    '<svg viewBox="0 0 64 64" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true">'
    '<circle cx="32" cy="32" r="30"/><rect x="17" y="19" width="30" height="26" rx="5"/>'
    '<circle cx="38.5" cy="27" r="3"/><path d="M17 40l8.5-8.5 7.5 7.5 4-4 10 9"/></svg>'
)
STACK_MARK = (
    '<svg class="stack" viewBox="0 0 20 20" fill="currentColor" role="img" aria-label="Several pictures">'
    '<path d="M6 2h10a2 2 0 0 1 2 2v10h-2V4H6z"/><rect x="2" y="6" width="12" height="12" rx="2"/></svg>'
)
NEXT_MARK = (
    '<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" '
    'stroke-linejoin="round" aria-hidden="true"><path d="M6 3l5 5-5 5"/></svg>'
)
BACK_MARK = (
    '<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" '
    'stroke-linejoin="round" aria-hidden="true"><path d="M10 3L5 8l5 5"/></svg>'
)
