import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signIn, withPage } from './support/browser.mjs';
import { suite } from './support/suite.mjs';

const on = suite();

test('a sign-in link leads to Activities, with the person and the Business in the header', async () => {
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    assert.equal(await page.title(), 'Activities · Herald');
    assert.equal(new URL(page.url()).pathname, '/');
    await page.getByRole('banner').getByText('Alex Rivera').waitFor();
    await page.getByRole('banner').getByText('Acme Field Services').waitFor();
  });
});

test('the token leaves the address and the history', async () => {
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await page.goto('/sign-in');
    await signIn(page, on.world);
    assert.doesNotMatch(page.url(), /token/);
    await page.goBack();
    assert.doesNotMatch(page.url(), /token/);
  });
});

test('a sign-in link works once, and the page says what to do', async () => {
  const link = on.world.signInLink();
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await page.goto(link);
    await page.getByRole('heading', { name: 'Activities', level: 1 }).waitFor();
  });
  await withPage(on.browser, on.herald.origin, { refusals: [401] }, async (page) => {
    await page.goto(link);
    await page.getByRole('heading', { name: 'This link does not work' }).waitFor();
    await page.getByText('herald admin sign-in-link').waitFor();
    await page.goto('/');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});

test('without a token the sign-in page says what to do', async () => {
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await page.goto('/sign-in');
    await page.getByText('herald admin sign-in-link').waitFor();
    assert.equal(await page.title(), 'Sign in · Herald');
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  });
});

test('a 401 anywhere leads to the sign-in page', async () => {
  await withPage(on.browser, on.herald.origin, { refusals: [401] }, async (page, context) => {
    await signIn(page, on.world);
    await context.clearCookies();
    await page.getByRole('link', { name: 'Deliveries' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.getByText('your session has ended').waitFor();
  });
});

test('signing out ends the session', async () => {
  await withPage(on.browser, on.herald.origin, { refusals: [401] }, async (page, context) => {
    await signIn(page, on.world);
    const [cookie] = await context.cookies();
    assert.ok(cookie.httpOnly);
    assert.equal(cookie.sameSite, 'Strict');
    await page.getByRole('button', { name: /Alex Rivera/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await context.addCookies([cookie]);
    await page.goto('/');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});
