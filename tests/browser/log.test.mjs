import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, signIn, tabTo, withPage } from './support/browser.mjs';
import { suite } from './support/suite.mjs';

const on = suite();

async function openForm(page, name) {
  await page.getByRole('link', { name: `Log ${name}`, exact: true }).click();
  await page.getByRole('heading', { name: `Log ${name}`, level: 1 }).waitFor();
}

async function pickMaria(page) {
  await page.getByRole('textbox', { name: 'Contacts' }).fill('mar');
  await page.getByRole('option', { name: /Maria Thompson/ }).click();
  await page.keyboard.press('Escape');
}

test('M5, M6: a logged activity sends its webhook, and the form shows it arrive', async () => {
  on.world.addObject('Sales Call', { webhook: `${on.receiver.origin}/hook?team=north` });
  on.receiver.hold();
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await openForm(page, 'Sales Call');
    await pickMaria(page);
    await page.getByLabel('Notes').fill('Talked about the roof');
    await page.getByRole('button', { name: 'Log activity' }).click();

    await page.getByRole('heading', { name: 'Sales Call logged with Maria Thompson' }).waitFor();
    await page.getByText('Pending').waitFor();
    on.receiver.release();
    await page.getByText('Delivered').waitFor();
    await page.getByText(/Status 200 in .*(µs|ms|s), .* after logging/).waitFor();

    const id = await page
      .locator('code')
      .filter({ hasText: /^[0-9a-f-]{36}$/ })
      .first()
      .innerText();
    assert.equal(on.receiver.requests.length, 1);
    const [request] = on.receiver.requests;
    assert.equal(request.method, 'GET');
    assert.equal(request.target, `/hook?team=north&logged_activity_id=${id}`);
    assert.equal(request.headers['content-type'], 'application/json');
    assert.equal(request.body, '');
    await page.getByText('1 attempt').click();
    await page.getByText('seen').waitFor();
  });
});

test('M7: a failing receiver shows as failed, and makes a notification', async () => {
  on.world.addObject('Complaint', { webhook: `${on.receiver.origin}/complaints` });
  on.receiver.status = 503;
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await openForm(page, 'Complaint');
    await pickMaria(page);
    await page.getByRole('button', { name: 'Log activity' }).click();
    await page.getByText(/Status 503 in/).waitFor();
    await page.getByText('Failed', { exact: true }).waitFor();

    await page.getByRole('list').getByRole('link', { name: 'Notifications' }).click();
    await page.getByRole('heading', { name: 'Notifications', level: 1 }).waitFor();
    const row = page.getByRole('row').filter({ hasText: 'Complaint' });
    await row.getByText('Status 503').waitFor();
    await row.getByRole('button', { name: 'Complaint' }).click();
    await page.getByText(`${on.receiver.origin}/complaints`).waitFor();
    assert.equal(on.receiver.requests.length, 1, 'no retry');
  });
});

test('M2: an activity that redirects sends no webhook, and the person is sent on', async () => {
  on.world.addObject('Inspection', { redirect: `${on.herald.origin}/deliveries?from=inspection` });
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await openForm(page, 'Inspection');
    await pickMaria(page);
    await page.getByRole('button', { name: 'Log activity' }).click();
    await page.getByText('No webhook: this activity redirects').waitFor();
    await page.waitForURL('**/deliveries?from=inspection');
    await page.getByRole('heading', { name: 'Deliveries', level: 1 }).waitFor();
    assert.equal(on.receiver.requests.length, 0);
  });
});

test('M2: one can stay instead', async () => {
  on.world.addObject('Review', { redirect: `${on.herald.origin}/deliveries` });
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await openForm(page, 'Review');
    await pickMaria(page);
    await page.getByRole('button', { name: 'Log activity' }).click();
    await page.getByRole('button', { name: 'Stay here' }).click();
    await page.getByText('You stay here').waitFor();
    await page.getByRole('button', { name: 'Log another' }).click();
    await page.getByRole('button', { name: 'Log activity' }).waitFor();
  });
});

test('M6: logging with the keyboard alone, twice', async () => {
  on.world.addContact('Marcus', 'Lee');
  on.world.addObject('Phone Call', { webhook: `${on.receiver.origin}/calls` });
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await tabTo(page, 'link', 'Log Phone Call');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Log Phone Call' }).waitFor();
    await tabTo(page, 'textbox', 'Contacts');
    await page.keyboard.type('marc');
    await page.getByRole('option', { name: /Marcus Lee/ }).waitFor();
    await eventually(async () => (await page.getByRole('option').count()) === 1, 'only Marcus is offered');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Called back');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Phone Call logged with Marcus Lee' }).waitFor();
    await page.getByText('Delivered').waitFor();

    await tabTo(page, 'button', 'Log another');
    await page.keyboard.press('Enter');
    await eventually(
      () =>
        page.getByRole('textbox', { name: 'Contacts' }).evaluate((field) => field === document.activeElement),
      'the keyboard is in the first field again',
    );
  });
});

test('a contact that is not there is said so', async () => {
  on.world.addObject('Visit');
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await signIn(page, on.world);
    await openForm(page, 'Visit');
    await page.getByRole('textbox', { name: 'Contacts' }).fill('zzz');
    await page.getByText('No contact matches').waitFor();
  });
});
