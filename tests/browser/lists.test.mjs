import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, signIn, withPage } from './support/browser.mjs';
import { suite } from './support/suite.mjs';

const on = suite();

const rows = (page) => page.locator('tbody .row-toggle');

test('lists that are empty say so', async () => {
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await page.getByRole('heading', { name: 'No activities yet' }).waitFor();
    await page.getByRole('link', { name: 'Deliveries' }).click();
    await page.getByRole('heading', { name: 'No deliveries yet' }).waitFor();
    await page.getByRole('link', { name: 'Notifications' }).click();
    await page.getByRole('heading', { name: 'No notifications' }).waitFor();
  });
});

test('M7: deliveries by page and by state, newest first, with their attempts', async () => {
  const call = on.world.addObject('Sales Call', { webhook: `${on.receiver.origin}/hook` });
  const complaint = on.world.addObject('Complaint', { webhook: `${on.receiver.origin}/complaints` });
  for (let n = 0; n < 54; n++) await on.world.log(call);
  await eventually(async () => on.receiver.requests.length === 54, 'all webhooks arrive');
  on.receiver.status = 500;
  await on.world.log(complaint);
  await eventually(async () => {
    const pending = await on.world.call('GET', '/api/webhooks/deliveries?state=pending');
    return pending.results.length === 0;
  }, 'nothing is pending');

  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await page.getByRole('link', { name: 'Deliveries' }).click();
    await rows(page).first().waitFor();
    assert.equal(await rows(page).count(), 50);
    assert.equal(await rows(page).first().innerText(), 'Complaint');
    await page.getByRole('button', { name: 'Load more' }).click();
    await eventually(async () => (await rows(page).count()) === 55, 'the second page');
    assert.equal(await page.getByRole('button', { name: 'Load more' }).count(), 0);

    await page.getByText('Failed', { exact: true }).first().click();
    await eventually(async () => (await rows(page).count()) === 1, 'only what failed');
    await rows(page).first().click();
    await page.getByRole('region', { name: 'Attempt 1' }).getByText('Status 500').waitFor();
    await page.getByText('seen').waitFor();
    assert.match(page.url(), /state=failed/);
  });
});

test('a list that cannot be loaded can be tried again', async () => {
  await withPage(on.browser, on.herald.origin, { refusals: [500] }, async (page) => {
    await signIn(page, on.world);
    const problem = {
      type: 'about:blank',
      title: 'Broken',
      status: 500,
      detail: 'It broke.',
      request_id: 'r-1',
    };
    let broken = true;
    await page.route('**/api/notifications?*', (route) =>
      broken
        ? route.fulfill({ status: 500, contentType: 'application/problem+json', json: problem })
        : route.continue(),
    );
    await page.getByRole('link', { name: 'Notifications' }).click();
    await page.getByRole('alert').getByText('It broke.').waitFor();
    await page.getByRole('alert').getByText('r-1').waitFor();
    broken = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await rows(page).first().waitFor();
  });
});

test('a list that is loading shows where it will be', async () => {
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    let letGo;
    const held = new Promise((resolve) => (letGo = resolve));
    await page.route('**/api/webhooks/deliveries?*', async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole('link', { name: 'Deliveries' }).click();
    await page.getByRole('status', { name: 'Loading deliveries' }).waitFor();
    letGo();
    await rows(page).first().waitFor();
  });
});

test('the colour scheme follows the system until one is chosen, and the choice is kept', async () => {
  await withPage(on.browser, on.herald.origin, { colorScheme: 'dark' }, async (page) => {
    const scheme = () => page.locator('html').getAttribute('data-mantine-color-scheme');
    await signIn(page, on.world);
    assert.equal(await scheme(), 'dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await eventually(async () => (await scheme()) === 'light', 'the system’s change is followed');
    const toggle = page.getByRole('button', { name: /^Colours:/ });
    await toggle.click();
    await toggle.click();
    assert.equal(await scheme(), 'dark');
    await page.reload();
    await page.getByRole('heading', { name: 'Activities', level: 1 }).waitFor();
    assert.equal(await scheme(), 'dark');
  });
});
