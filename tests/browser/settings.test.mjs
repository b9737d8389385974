import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, signIn, tabTo, withPage } from './support/browser.mjs';
import { suite } from './support/suite.mjs';

const on = suite();

const rowOf = (page, name) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });

async function openSettings(page, name) {
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('heading', { name: `${name}: settings` }).waitFor();
}

test('M15: from the Activities page to a webhook, and back to the badge', async () => {
  on.world.addObject('Sales Call');
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await rowOf(page, 'Sales Call').waitFor();
    assert.equal(await rowOf(page, 'Sales Call').getByText('Webhooks enabled').count(), 0);

    await openSettings(page, 'Sales Call');
    const choice = page.getByRole('radiogroup', { name: 'Default Submission Action' });
    assert.ok(await choice.getByRole('radio', { name: 'Redirect' }).isChecked());
    await choice.getByRole('radio', { name: 'Trigger Webhook' }).check();
    await page.getByLabel('Webhook URL').fill(`${on.receiver.origin}/hook?team=north`);
    await page.getByText('GET /hook?team=north&logged_activity_id=… HTTP/1.1').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Sales Call saved').waitFor();

    await page.getByRole('link', { name: 'Back to Activities' }).click();
    await rowOf(page, 'Sales Call').getByText('Webhooks enabled').filter({ visible: true }).waitFor();
  });
});

test('M15: with the keyboard alone', async () => {
  on.world.addObject('Inspection');
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await rowOf(page, 'Inspection').waitFor();
    await page.reload();
    await rowOf(page, 'Inspection').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main', 'the skip link skips');
    await page.keyboard.press('/');
    await page.keyboard.type('inspec');
    await eventually(
      async () => (await page.getByRole('row').count()) === 2,
      'the filter leaves one activity',
    );

    await tabTo(page, 'link', 'Inspection');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Inspection: settings' }).waitFor();
    await tabTo(page, 'radio', 'Redirect');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Tab');
    assert.ok(await page.getByLabel('Webhook URL').evaluate((field) => field === document.activeElement));
    await page.keyboard.type(`${on.receiver.origin}/inspections`);
    await page.keyboard.press('Enter');
    await page.getByText('Inspection saved').waitFor();

    await tabTo(page, 'link', 'Back to Activities');
    await page.keyboard.press('Enter');
    await rowOf(page, 'Inspection').getByText('Webhooks enabled').filter({ visible: true }).waitFor();
  });
});

test('M2: a new activity redirects, to nowhere', async () => {
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await page.getByRole('button', { name: 'New activity' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('Site Visit');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Site Visit: settings' }).waitFor();
    assert.ok(await page.getByRole('radio', { name: 'Redirect' }).isChecked());
    assert.equal(await page.getByLabel('Redirect URL').inputValue(), '');
    await page.getByRole('link', { name: 'Back to Activities' }).click();
    await rowOf(page, 'Site Visit').getByText('Stays on the page').filter({ visible: true }).waitFor();
  });
});

test('a bad Webhook URL: what the server says stands at the field, and nothing is saved', async () => {
  const id = on.world.addObject('Complaint');
  await withPage(on.browser, on.herald.origin, { refusals: [422] }, async (page) => {
    await signIn(page, on.world);
    await openSettings(page, 'Complaint');
    await page.getByRole('radio', { name: 'Trigger Webhook' }).check();
    const field = page.getByLabel('Webhook URL');
    for (const url of [
      'ftp://receiver.test/hook',
      'http://receiver.test/?logged_activity_id=1',
      'http://u:p@receiver.test/',
    ]) {
      await field.fill(url);
      await page.getByRole('button', { name: 'Save' }).click();
      await eventually(
        async () => (await field.getAttribute('aria-invalid')) === 'true',
        `${url} is refused`,
      );
      const describedBy = (await field.getAttribute('aria-describedby')).split(' ');
      const texts = await Promise.all(
        describedBy.map((element) => page.locator(`[id="${element}"]`).innerText()),
      );
      assert.ok(texts.join('').length > 10, texts);
      assert.ok(await field.evaluate((element) => element === document.activeElement));
    }
    const stored = await on.world.call('GET', `/api/activities/objects/${id}`);
    assert.equal(stored.default_submission_action, 'redirect');
    assert.equal(stored.webhook_url, null);
  });
});

test('an empty Webhook URL is asked for', async () => {
  on.world.addObject('Demo');
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await openSettings(page, 'Demo');
    await page.getByRole('radio', { name: 'Trigger Webhook' }).check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Enter the URL that the webhook is sent to.').waitFor();
  });
});

test('a stale version: nothing is overwritten, what was typed stays', async () => {
  const id = on.world.addObject('Follow-up');
  await withPage(on.browser, on.herald.origin, { refusals: [412] }, async (page, context) => {
    await signIn(page, on.world);
    await openSettings(page, 'Follow-up');
    const other = await context.newPage();
    await other.goto(`/activities/${id}`);
    await other.getByRole('radio', { name: 'Trigger Webhook' }).check();
    await other.getByLabel('Webhook URL').fill(`${on.receiver.origin}/theirs`);
    await other.getByRole('button', { name: 'Save' }).click();
    await other.getByText('Follow-up saved').waitFor();
    // Coming back to the window must not load the newer version behind the form's back.
    await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')));

    await page.getByRole('radio', { name: 'Trigger Webhook' }).check();
    await page.getByLabel('Webhook URL').fill(`${on.receiver.origin}/mine`);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('changed by somebody else').waitFor();
    assert.equal(
      (await on.world.call('GET', `/api/activities/objects/${id}`)).webhook_url,
      `${on.receiver.origin}/theirs`,
    );

    await page.getByRole('button', { name: 'Load the newest version' }).click();
    await page.getByText(`Somebody else has set this to “${on.receiver.origin}/theirs”`).waitFor();
    assert.equal(await page.getByLabel('Webhook URL').inputValue(), `${on.receiver.origin}/mine`);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Follow-up saved').waitFor();
    assert.equal(
      (await on.world.call('GET', `/api/activities/objects/${id}`)).webhook_url,
      `${on.receiver.origin}/mine`,
    );
  });
});

test('leaving with unsaved changes asks', async () => {
  on.world.addObject('Training');
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await openSettings(page, 'Training');
    await page.getByLabel('Name').fill('Training session');
    await page.getByRole('link', { name: 'Deliveries' }).click();
    await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor();
    await page.getByRole('button', { name: 'Stay' }).click();
    assert.equal(await page.getByLabel('Name').inputValue(), 'Training session');
    await page.getByRole('link', { name: 'Deliveries' }).click();
    await page.getByRole('button', { name: 'Leave' }).click();
    await page.getByRole('heading', { name: 'Deliveries', level: 1 }).waitFor();
  });
});

test('M2: back to Redirect, the badge goes', async () => {
  on.world.addObject('Renewal', { webhook: `${on.receiver.origin}/renewals` });
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await rowOf(page, 'Renewal').getByText('Webhooks enabled').filter({ visible: true }).waitFor();
    await openSettings(page, 'Renewal');
    await page.getByRole('radio', { name: 'Redirect' }).check();
    await page.getByLabel('Redirect URL').fill('https://example.com/renewed');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Renewal saved').waitFor();
    await page.getByRole('link', { name: 'Back to Activities' }).click();
    await rowOf(page, 'Renewal').getByText('Redirects to example.com').filter({ visible: true }).waitFor();
    assert.equal(await rowOf(page, 'Renewal').getByText('Webhooks enabled').count(), 0);
  });
});

test('the description is kept, and the page says what one is about', async () => {
  const id = on.world.addObject('Survey');
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await openSettings(page, 'Survey');
    await page.getByText('One is about any records.').waitFor();
    await page.getByLabel('Description').fill('After the work is done.');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Survey saved').waitFor();
    const stored = await on.world.call('GET', `/api/activities/objects/${id}`);
    assert.equal(stored.description, 'After the work is done.');
  });
});

test('an archived activity is not on the page', async () => {
  const id = on.world.addObject('Outdated');
  on.world.addObject('Current');
  await on.world.call('DELETE', `/api/activities/objects/${id}`, undefined, { 'If-Match': '"1"' });
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await rowOf(page, 'Current').waitFor();
    assert.equal(await rowOf(page, 'Outdated').count(), 0);
  });
});
