// The API's reference: a page of the program's own, without scripts and without a request to anybody else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import axe from 'axe-core';
import { signIn, withPage } from './support/browser.mjs';
import { suite } from './support/suite.mjs';

const on = suite();

const axeFindings = async (page) => {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  return violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map((node) => node.html) }));
};

for (const colorScheme of ['light', 'dark']) {
  test(`the reference asks nobody else, and axe finds nothing: ${colorScheme}`, async () => {
    // axe runs in the page, which the policy of the page itself would not let it.
    const options = { colorScheme, bypassCSP: true };
    await withPage(on.browser, on.herald.origin, options, async (page, context) => {
      const foreign = [];
      await context.route(
        (url) => url.origin !== on.herald.origin,
        (route) => foreign.push(route.request().url()) && route.abort(),
      );
      const asked = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await page.goto('/reference', { waitUntil: 'networkidle' });
      await page.getByRole('heading', { name: /^Herald API/, level: 1 }).waitFor();
      assert.deepEqual(foreign, []);
      assert.ok(asked.includes('/reference.css'));
      assert.deepEqual(await axeFindings(page), []);
      const [back, text] = await page.evaluate(() => {
        const style = getComputedStyle(document.body);
        return [style.backgroundColor, style.color].map((colour) => Number(/\d+/.exec(colour)[0]));
      });
      assert.ok(colorScheme === 'dark' ? back < text : back > text, 'the scheme is followed');
    });
  });
}

test('the reference works without scripts, and its policy allows none', async () => {
  await withPage(on.browser, on.herald.origin, { javaScriptEnabled: false }, async (page) => {
    const answer = await page.goto('/reference');
    const policy = answer.headers()['content-security-policy'];
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /script-src|unsafe|https?:/);
    const html = await answer.text();
    assert.doesNotMatch(html, /<script|\son\w+=|\sstyle=|https?:\/\/(?!127\.0\.0\.1)[^<]*["']\s*>/);
    await page.getByRole('link', { name: 'Log an activity' }).first().click();
    assert.equal(new URL(page.url()).hash, '#logActivity');
    await page.locator('#logActivity').getByRole('heading', { name: 'Log an activity' }).waitFor();
  });
});

test('every operation has its place, and every link within the reference leads somewhere', async () => {
  const yaml = await (await fetch(`${on.herald.origin}/api/openapi.yaml`)).text();
  const operations = [...yaml.matchAll(/^ {6}operationId: (\w+)$/gm)].map(([, name]) => name);
  assert.ok(operations.length > 10);
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await page.goto('/reference');
    const found = await page.evaluate(() => ({
      ids: [...document.querySelectorAll('[id]')].map((element) => element.id),
      targets: [...document.querySelectorAll('a[href^="#"]')].map((link) => link.hash.slice(1)),
    }));
    assert.equal(new Set(found.ids).size, found.ids.length, 'an id is there twice');
    assert.deepEqual(
      operations.filter((name) => !found.ids.includes(name)),
      [],
    );
    assert.deepEqual(
      found.targets.filter((target) => !found.ids.includes(target)),
      [],
    );
  });
});

// 320 is 1280 at 400 %; 640 with text of double size is 1280 at 200 % for who enlarges text only.
test('nothing in the reference has to be scrolled sideways', async () => {
  for (const [width, textSize] of [
    [375, '100%'],
    [320, '100%'],
    [640, '200%'],
  ]) {
    const options = { viewport: { width, height: 720 }, bypassCSP: true };
    await withPage(on.browser, on.herald.origin, options, async (page) => {
      await page.goto('/reference');
      await page.addStyleTag({ content: `html { font-size: ${textSize} !important }` });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(over <= 0, `${over} px too wide at ${width} px, text at ${textSize}`);
    });
  }
});

test('the pages lead to the reference', async () => {
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await page.getByRole('button', { name: /Alex Rivera/ }).click();
    await page.getByRole('menuitem', { name: 'API reference' }).click();
    await page.getByRole('heading', { name: /^Herald API/, level: 1 }).waitFor();
  });
});
