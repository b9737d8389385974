// The Content Security Policy, as a browser takes it: the pages run under it without a violation (withPage fails a test for
// each that the console reports, in all other files too), and what somebody else could put into a page does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, signIn, withPage } from './support/browser.mjs';
import { suite } from './support/suite.mjs';

const on = suite();

const policyOf = (answer) => answer.headers.get('Content-Security-Policy') ?? '';
const nonceOf = (policy) => /style-src 'self' 'nonce-([^']{22,})'/.exec(policy)?.[1];

test('the policy allows nothing inline, nothing from elsewhere, and no frame', async () => {
  for (const path of ['/', '/deliveries', '/sign-in', '/activities/nothing/log', '/reference']) {
    const answer = await fetch(on.herald.origin + path);
    const policy = policyOf(answer);
    assert.match(policy, /^default-src 'none';/, path);
    assert.match(policy, /frame-ancestors 'none'/, path);
    assert.match(policy, /base-uri 'none'/, path);
    assert.doesNotMatch(policy, /unsafe|\*|https?:|script-src(?! 'self';)/, path);
    assert.equal(answer.headers.get('X-Content-Type-Options'), 'nosniff');
    assert.equal(answer.headers.get('Referrer-Policy'), 'no-referrer');
    assert.equal(answer.headers.get('Cross-Origin-Opener-Policy'), 'same-origin');
    assert.equal(answer.headers.get('Cross-Origin-Resource-Policy'), 'same-origin');
    assert.equal(answer.headers.get('X-Frame-Options'), 'DENY');
    assert.match(answer.headers.get('Permissions-Policy'), /camera=\(\)/);
  }
});

test('each answer has a nonce of its own, which is in the page', async () => {
  const answers = await Promise.all([1, 2, 3].map(() => fetch(on.herald.origin + '/')));
  const nonces = answers.map((answer) => nonceOf(policyOf(answer)));
  assert.equal(new Set(nonces).size, 3);
  for (const [i, answer] of answers.entries()) {
    const html = await answer.text();
    assert.ok(html.includes(`<meta property="csp-nonce" nonce="${nonces[i]}">`), html);
    assert.doesNotMatch(html, /CSP-NONCE|<style|\sstyle=|\son\w+=|<script(?![^>]*src=)/);
  }
});

test('files that are no page may not become one', async () => {
  const html = await (await fetch(on.herald.origin + '/')).text();
  const files = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, file]) => file);
  assert.ok(files.length >= 3);
  for (const file of files) {
    const answer = await fetch(on.herald.origin + file);
    assert.match(policyOf(answer), /^default-src 'none'/);
    assert.equal(answer.headers.get('X-Content-Type-Options'), 'nosniff');
    assert.match(answer.headers.get('Cache-Control'), /immutable/);
  }
});

test('answers of the API are kept by nobody', async () => {
  for (const path of ['/api/session', '/api/activities/objects', '/api/none']) {
    const answer = await fetch(on.herald.origin + path);
    assert.equal(answer.headers.get('Cache-Control'), 'no-store', path);
    assert.equal(answer.headers.get('X-Content-Type-Options'), 'nosniff', path);
  }
});

test('the theme is there, so its styles were let in', async () => {
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    const [styles, variable] = await page.evaluate(() => [
      [...document.querySelectorAll('style')].map((style) => style.sheet !== null),
      getComputedStyle(document.documentElement).getPropertyValue('--mantine-color-body'),
    ]);
    assert.ok(styles.length > 0 && styles.every(Boolean), 'every <style> element counts');
    assert.notEqual(variable, '');
  });
});

test('what is put into the page neither runs nor loads nor styles', async () => {
  const context = await on.browser.newContext({ baseURL: on.herald.origin });
  try {
    const page = await context.newPage();
    const answered = [];
    page.on('response', (response) => answered.push(response.url()));
    await signIn(page, on.world);
    await page.evaluate(() => {
      window.seen = [];
      document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
      const add = (name, members) =>
        document.body.append(Object.assign(document.createElement(name), members));
      add('script', { textContent: 'window.ran = true' });
      add('script', { src: 'https://evil.example/a.js' });
      add('style', { textContent: 'body { display: none }' });
      add('img', { src: 'https://evil.example/a.png' });
      add('iframe', { src: 'https://evil.example/' });
      add('object', { data: '/' });
      add('div', {
        innerHTML: '<img src="/none.png" onerror="window.ran = true"><p style="color: red">x</p>',
      });
      fetch('https://evil.example/').catch(() => {});
    });
    const wanted = ['script-src-elem', 'script-src-attr', 'style-src-elem', 'style-src-attr', 'img-src'];
    wanted.push('frame-src', 'object-src', 'connect-src');
    await eventually(async () => {
      const seen = await page.evaluate(() => window.seen);
      return wanted.every((directive) => seen.includes(directive));
    }, `a violation of each of ${wanted}`);
    assert.equal(await page.evaluate(() => window.ran), undefined);
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).display), 'none');
    assert.deepEqual(
      answered.filter((url) => !url.startsWith(on.herald.origin)),
      [],
    );
  } finally {
    await context.close();
  }
});

test('the pages cannot be framed', async () => {
  const context = await on.browser.newContext();
  try {
    const page = await context.newPage();
    await page.setContent(`<iframe src="${on.herald.origin}/sign-in"></iframe>`);
    await eventually(() => page.frames()[1]?.url().startsWith('chrome-error:'), 'the frame to be refused');
  } finally {
    await context.close();
  }
});
