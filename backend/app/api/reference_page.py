"""What of the API reference is the same for every description: its frame, its introduction, its style."""

from __future__ import annotations

from string import Template

PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title API reference</title>
<link rel="icon" type="image/svg+xml" href="/favicon.svg">
<style>$style</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="bar">
<a class="brand" href="/"><img src="/favicon.svg" alt="" width="24" height="24">$title</a>
<p>API reference <span class="quiet">$version</span></p>
<a class="file" href="/api/v1/openapi.json">OpenAPI<span class="wide"> description</span></a>
</header>
<div class="frame">
<nav aria-label="Contents"><ul>
<li><a href="#start">Start</a></li>
$index
<li><a href="#types">Types</a></li>
</ul></nav>
<main id="content" tabindex="-1">
<section id="start" aria-labelledby="title">
<h1 id="title">$title API</h1>
$about
<div class="blocks">
<div>
<h2>Base URL</h2>
<p><code class="all">$api</code></p>
<p>Bodies and answers are JSON; only uploads are forms. Ids are whole numbers, times are RFC 3339 in UTC.</p>
</div>
<div>
<h2>Authorization</h2>
<p>Send the <code>access_token</code> of <a href="#op-register">sign-up</a> or <a href="#op-login">sign-in</a>
as <code>Authorization: Bearer …</code>. What belongs to a business that is not yours is not found.</p>
</div>
<div>
<h2>Idempotency-Key</h2>
<p>Send one with a POST that creates or publishes, and the request may be sent again when its answer is lost:
the same key and body give the same answer for 24 hours, and the work is done once.</p>
</div>
<div>
<h2>X-Request-ID</h2>
<p>Every answer carries one, and so do the log lines of that request. Send one of your own to follow it.</p>
</div>
</div>
<h2 id="example">In a minute</h2>
<p>One click selects it all.</p>
<pre class="all" tabindex="0" role="region" aria-labelledby="example">api=$api

field() { python3 -c "import json, sys; print(json.load(sys.stdin)$$1)"; }

# Your own e-mail and password.
answer=$$(curl -s $$api/auth/login -H 'Content-Type: application/json' \\
  -d '{"email": "mia@example.com", "password": "a long password"}')
token=$$(echo "$$answer" | field "['access_token']")
business=$$(echo "$$answer" | field "['businesses'][0]['id']")

image=$$(curl -s $$api/images/upload -H "Authorization: Bearer $$token" \\
  -F business_id=$$business -F file=@picture.jpg | field "['image']['id']")

curl -s $$api/publishing/instagram -H "Authorization: Bearer $$token" \\
  -H 'Content-Type: application/json' -H 'Idempotency-Key: opening-day' \\
  -d "{\\"business_id\\": $$business, \\"content_text\\": \\"Hello\\", \\"image_ids\\": [$$image]}"</pre>
<h2 id="errors">Errors</h2>
<p>Every error is <code>application/problem+json</code> (RFC 9457), a <a href="#type-Problem">Problem</a>.
Decide by <code>code</code>, which is stable; show <code>detail</code>, a sentence that says what to do.</p>
<div class="blocks">
<pre tabindex="0" role="region" aria-label="Example of an error">{
  "type": "urn:aigrowth:problem:instagram_requires_image",
  "title": "Against a rule",
  "status": 422,
  "detail": "Instagram requires at least one image",
  "code": "instagram_requires_image",
  "request_id": "4b1f0c9e2a7d4c55"
}</pre>
<table>
<caption>What a status means</caption>
<tr><th scope="row"><code>400</code></th><td>The request cannot be read.</td></tr>
<tr><th scope="row"><code>401</code></th><td>No token, or one that has ended.</td></tr>
<tr><th scope="row"><code>403</code></th><td>Your role may not do this.</td></tr>
<tr><th scope="row"><code>404</code></th><td>Not there, or not yours.</td></tr>
<tr><th scope="row"><code>409</code></th><td>Taken, in use, or already under way.</td></tr>
<tr><th scope="row"><code>413</code></th><td>Too large: <code>limit</code> says how much may come.</td></tr>
<tr><th scope="row"><code>415</code></th><td>Not a kind of picture that is taken in.</td></tr>
<tr><th scope="row"><code>422</code></th><td>Against a rule: <code>errors</code> names the fields.</td></tr>
<tr><th scope="row"><code>429</code></th><td>Too often: wait <code>retry_after</code> seconds.</td></tr>
<tr><th scope="row"><code>502 503</code></th><td>A platform or provider refused, or is not there.</td></tr>
<tr><th scope="row"><code>504</code></th><td>The outcome is not known: look before sending again.</td></tr>
</table>
</div>
</section>
$operations
<section aria-labelledby="types">
<h2 id="types">Types</h2>
$types
</section>
</main>
</div>
</body>
</html>
""")

STYLE = """
:root {
  color-scheme: light dark;
  --bg: light-dark(#f7f7f5, #121212); --surface: light-dark(#ffffff, #1a1a1b);
  --sunken: light-dark(#f0efec, #0d0d0d); --line: light-dark(#e4e2dd, #2a2a2b);
  --line-strong: light-dark(#cfccc5, #3b3b3d); --line-input: light-dark(#8f8b83, #77746e);
  --ink: light-dark(#1b1b1a, #f2f1ee); --ink-2: light-dark(#55534e, #b7b4ad);
  --on-ink: light-dark(#ffffff, #121212); --accent: light-dark(#1a54e6, #7ea2ff);
  --accent-soft: light-dark(#e8eeff, #1c2745); --bad: light-dark(#b92525, #ff8f8f);
  --bad-soft: light-dark(#fdebea, #3a1a1b);
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 76px;
  scrollbar-color: var(--line-strong) transparent; }
body {
  margin: 0; background: var(--bg); color: var(--ink);
  font: 400 14px/20px "Inter Variable", Inter, ui-sans-serif, system-ui, sans-serif;
  -webkit-font-smoothing: antialiased;
}
h1, h2, h3, p, ul, pre, table { margin: 0; padding: 0; }
ul { list-style: none; }
a { color: var(--accent); text-decoration: none; }
a:hover, main a { text-decoration: underline; text-underline-offset: 3px; }
main a:not(:hover) { text-decoration-color: var(--line-input); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
main:focus { outline: none; }
code, pre, var { font: 500 12.5px/20px ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono",
  monospace; }
var { color: var(--accent); }
.all { user-select: all; }
.quiet { color: var(--ink-2); font-size: 13px; }
.skip { position: absolute; left: -999px; top: 10px; z-index: 3; background: var(--surface);
  padding: 8px 12px; border-radius: 8px; }
.skip:focus { left: 8px; }

.bar { position: sticky; top: 0; z-index: 2; height: 52px; padding: 0 24px; display: flex;
  align-items: center; gap: 16px; background: var(--surface); border-bottom: 1px solid var(--line);
  white-space: nowrap; }
.brand { display: flex; align-items: center; gap: 10px; color: var(--ink); font-size: 15px; font-weight: 650;
  letter-spacing: -0.01em; }
.brand + p { border-left: 1px solid var(--line-strong); padding-left: 16px; }
.file { margin-left: auto; font-weight: 500; }
.frame { display: grid; grid-template-columns: 264px minmax(0, 1fr); }
nav { position: sticky; top: 52px; height: calc(100vh - 52px); overflow-y: auto; padding: 16px 12px 32px;
  border-right: 1px solid var(--line); font-size: 13px; scrollbar-width: thin; }
nav a { display: block; padding: 4px 12px; border-radius: 8px; color: var(--ink-2); }
nav > ul > li > a { margin-top: 10px; color: var(--ink); font-weight: 600; }
nav a:hover { background: var(--sunken); color: var(--ink); text-decoration: none; }
main { padding: 32px 32px 96px; max-width: 1180px; }

h1 { font-size: 28px; line-height: 36px; font-weight: 650; letter-spacing: -0.02em;
  margin-bottom: 4px; }
h2 { margin: 56px 0 16px; font-size: 20px; line-height: 28px; font-weight: 650; letter-spacing: -0.02em; }
h3 { font-size: 15px; line-height: 22px; font-weight: 600; overflow-wrap: anywhere; }
h3 code { font-size: 14px; font-weight: 600; }
p + p, p + pre { margin-top: 8px; }
#start > p { color: var(--ink-2); max-width: 72ch; }
#start h2 { font-size: 15px; line-height: 22px; letter-spacing: 0; margin: 32px 0 8px; }
.blocks { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 16px 32px; margin-top: 16px;
  align-items: start; }
.blocks > div { color: var(--ink-2); }
#start .blocks h2 { color: var(--ink); margin: 8px 0 4px; }
pre { background: var(--sunken); border: 1px solid var(--line); border-radius: 12px; padding: 16px;
  overflow-x: auto; font-weight: 400; }
p code, td code, caption code { background: var(--sunken); border-radius: 4px; padding: 1px 4px;
  overflow-wrap: anywhere; }

.card { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); margin-bottom: 16px;
  background: var(--surface); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.card > header { grid-column: 1 / -1; padding: 16px 20px; border-bottom: 1px solid var(--line); }
.card:has(:target) { border-color: var(--accent); }
.card > div { padding: 16px 20px; min-width: 0; }
.type { grid-template-columns: minmax(0, 1fr) minmax(0, 2fr); }
.type tr:first-child > * { border-top: 0; padding-top: 1px; }
.type > header { grid-column: auto; border: 0; }
.type p { color: var(--ink-2); font-size: 13px; }
.call { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 10px; margin-top: 6px; }
.call code { overflow-wrap: anywhere; background: none; padding: 0; }
.call .quiet { margin-left: auto; }
.method { min-width: 52px; padding: 0 6px; border-radius: 6px; text-align: center; font-size: 12px;
  font-weight: 600; line-height: 22px; background: var(--ink); color: var(--on-ink); }
.method.get { background: var(--sunken); color: var(--ink); box-shadow: inset 0 0 0 1px var(--line); }
.method.patch { background: none; color: var(--ink); box-shadow: inset 0 0 0 1px var(--line-input); }
.method.delete { background: var(--bad-soft); color: var(--bad); }

table { width: 100%; border-collapse: collapse; table-layout: fixed; }
* + table, .label + p, table + p { margin-top: 16px; }
caption { text-align: left; padding-bottom: 6px; font-weight: 600; }
.label { font-weight: 600; }
.named { font-weight: 400; }
th, td { padding: 6px 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top;
  font-weight: 400; overflow-wrap: anywhere; }
th { width: 40%; padding-right: 12px; }
th span { display: block; color: var(--ink-2); font-size: 12px; line-height: 16px; }
td { color: var(--ink-2); font-size: 13px; }
td p { margin-top: 2px; }

@media (max-width: 1100px) {
  .card, .blocks { grid-template-columns: minmax(0, 1fr); }
  .type > div { padding-top: 0; }
  .card > .asked:not(:empty) + .answers { border-top: 1px solid var(--line); }
}
@media (max-width: 900px) {
  html { scroll-padding-top: 120px; }
  .bar { padding: 0 16px; }
  .wide, nav ul ul { display: none; }
  .frame { display: block; }
  nav { z-index: 1; height: auto; padding: 4px 8px; overflow-x: auto; background: var(--bg); border-right: 0;
    border-bottom: 1px solid var(--line); scrollbar-width: none; }
  nav > ul { display: flex; }
  nav > ul > li > a { margin: 0; padding: 8px; font-weight: 500; white-space: nowrap; }
  main { padding: 24px 16px 64px; }
  .card > header, .card > div { padding-inline: 16px; }
  .call .quiet { margin-left: 0; width: 100%; }
}
"""
