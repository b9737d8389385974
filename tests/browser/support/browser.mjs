// Chromium with a fresh profile, and pages that watch themselves: an error in the console, or a request that leaves the
// origin, fails the test that made it.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags });
}

/**
 * Runs `use` with a page of its own and then looks at what the page complained about.
 * refusals: statuses of the API that the test provokes; Chromium reports each in the console.
 * options: of the browser's context, such as colorScheme and viewport.
 */
export async function withPage(browser, origin, { refusals = [], ...options }, use) {
  const context = await browser.newContext({ baseURL: origin, locale: 'en-GB', ...options });
  context.setDefaultTimeout(10_000);
  const complaints = [];
  context.on('page', (page) => watch(page, origin, refusals, complaints));
  try {
    await use(await context.newPage(), context).catch((error) => {
      // What the page complained about is more often the cause than what the test then missed.
      if (complaints.length > 0) error.message += `\nand the page: ${complaints.join('\n')}`;
      throw error;
    });
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

function watch(page, origin, refusals, complaints) {
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    const refused = /status of (\d+)/.exec(message.text());
    if (refused && refusals.includes(Number(refused[1]))) return;
    complaints.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`request to ${request.url()}`);
  });
}

export async function signIn(page, world) {
  await page.goto(world.signInLink());
  await page.getByRole('heading', { name: 'Activities', level: 1 }).waitFor();
}

/** Presses Tab until the element with this role and name has the focus. */
export async function tabTo(page, role, name) {
  const wanted = page.getByRole(role, { name, exact: true });
  for (let presses = 0; presses < 40; presses++) {
    if (
      (await wanted.count()) === 1 &&
      (await wanted.evaluate((element) => element === document.activeElement))
    )
      return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab does not reach the ${role} "${name}"`);
}

/** Waits until `look` gives something that is not false. */
export async function eventually(look, what, patienceMs = 10_000) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) assert.fail(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
