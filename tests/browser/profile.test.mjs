// Signing in with a password, and the profile page: keys, sessions, password, Businesses.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, tabTo, withPage } from './support/browser.mjs';
import { suite } from './support/suite.mjs';

const password = 'correct horse battery';
const other = 'nine violet umbrellas';
const on = suite(async (on) => on.world.setPassword(password));

async function fillIn(page, email, secret) {
  await page.getByLabel('Email').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function enter(page, email = 'alex@acme.test', secret = password) {
  await page.goto('/sign-in');
  await fillIn(page, email, secret);
  await page.getByRole('heading', { name: 'Activities', level: 1 }).waitFor();
}

const section = (page, name) => page.getByRole('region', { name, exact: true });

test('email and password sign in, by the keyboard alone, and lead to where one wanted to go', async () => {
  await withPage(on.browser, on.herald.origin, { refusals: [401] }, async (page) => {
    await page.goto('/deliveries');
    await page.getByText('your session has ended').waitFor();
    await tabTo(page, 'textbox', 'Email');
    await page.keyboard.type('alex@acme.test');
    await page.keyboard.press('Tab');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Deliveries', level: 1 }).waitFor();
    await page.getByRole('banner').getByText('Alex Rivera').waitFor();
  });
});

test('what is missing is said at its field, and nothing is sent', async () => {
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await page.goto('/sign-in');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Enter your email address.').waitFor();
    await page.getByText('Enter your password.').waitFor();
  });
});

test('wrong password and unknown email look the same; after too many one is told to wait', async () => {
  const guessed = on.world.addPerson('Gwen', 'Guessed', password);
  await withPage(on.browser, on.herald.origin, { refusals: [401, 429] }, async (page) => {
    const said = [];
    for (const email of ['nobody@acme.test', guessed.email]) {
      await page.goto('/sign-in');
      await fillIn(page, email, 'wrong horse battery');
      said.push((await page.getByRole('alert').innerText()).replace(/Request\s+\S+/, ''));
    }
    assert.equal(said[0], said[1]);
    assert.match(said[0], /email or the password is not right/);
    for (let i = 0; i < 4; i++) {
      const answer = page.waitForResponse('**/api/session');
      await page.getByRole('button', { name: 'Sign in' }).click();
      assert.equal((await answer).status(), 401);
    }
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Too many attempts that failed').waitFor();
    await page.getByText('Try again in a minute').waitFor();
  });
});

test('forgotten: without a mail server the page says what to do', async () => {
  await withPage(on.browser, on.herald.origin, { refusals: [409] }, async (page) => {
    await page.goto('/sign-in');
    await page.getByLabel('Email').fill('alex@acme.test');
    await page.getByRole('link', { name: 'Forgot password?' }).click();
    assert.equal(await page.getByLabel('Email').inputValue(), 'alex@acme.test');
    await page.getByRole('button', { name: 'Send the email' }).click();
    await page.getByText('sends no email').waitFor();
    await page.getByRole('link', { name: 'Back to signing in' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});

for (const kind of ['reset', 'invitation']) {
  test(`a link that is no good says so: /${kind}`, async () => {
    await withPage(on.browser, on.herald.origin, { refusals: [401] }, async (page) => {
      await page.goto(`/${kind}#made-up`);
      await page.getByRole('heading', { name: 'This link does not work' }).waitFor();
      assert.equal(new URL(page.url()).hash, '');
    });
  });
}

test('an invitation leads to a password, and is signed in', async () => {
  const { employee_id: employee, email } = on.world.addPerson('Iris', 'Invited');
  const words = ['invitation', '--business', on.world.business, '--employee', employee];
  const { link } = on.herald.admin(...words);
  const target = new URL(link);
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await page.goto(target.pathname + target.hash);
    await page.getByText(email).waitFor();
    assert.equal(new URL(page.url()).hash, '', 'the token leaves the address');
    await page.getByRole('textbox', { name: 'New password' }).fill('short');
    await page.getByRole('button', { name: 'Set the password and sign in' }).click();
    await page.getByText('It needs 10 characters at least.').waitFor();
    await page.getByRole('textbox', { name: 'New password' }).fill(password);
    await page.getByRole('button', { name: 'Set the password and sign in' }).click();
    await page.getByRole('banner').getByText('Iris Invited').waitFor();
  });
});

test('the profile shows the ids, and copies them', async () => {
  const permissions = ['clipboard-read', 'clipboard-write'];
  await withPage(on.browser, on.herald.origin, { permissions }, async (page) => {
    await enter(page);
    await page.getByRole('button', { name: /Alex Rivera/ }).click();
    await page.getByRole('menuitem', { name: 'Profile' }).click();
    await page.getByText(on.world.user).waitFor();
    await page.getByText(on.world.business).waitFor();
    await page.getByRole('button', { name: 'Copy your user id' }).click();
    await page.getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), on.world.user);
  });
});

test('a key is made, shown once, works, and is revoked after a question', async () => {
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await enter(page);
    await page.goto('/profile');
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByText('Enter a name.').waitFor();
    await page.getByRole('dialog').getByLabel('Name').fill('nightly report');
    await page.getByLabel('May only read').check();
    await page.getByRole('button', { name: 'Make the key' }).click();
    const dialog = page.getByRole('dialog', { name: 'Your new API key' });
    const key = await dialog.locator('code').innerText();
    assert.match(key, /^hk_/);
    await dialog.getByRole('button', { name: 'Done' }).click();
    const keys = section(page, 'API keys');
    await keys.getByText('nightly report').waitFor();
    assert.ok(!(await page.content()).includes(key), 'it is shown once');
    const ask = () =>
      fetch(`${on.herald.origin}/api/session`, {
        headers: { 'X-API-KEY': key, 'X-BUSINESS-ID': on.world.business, 'X-USER-ID': on.world.user },
      });
    assert.equal((await ask()).status, 200);
    await page.getByRole('button', { name: 'Revoke the key nightly report' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await ask()).status, 200);
    await page.getByRole('button', { name: 'Revoke the key nightly report' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('The key nightly report works no more').waitFor();
    await keys.getByText('nightly report').waitFor({ state: 'detached' });
    assert.equal((await ask()).status, 401);
  });
});

test('sessions are listed; one ends, then all', async () => {
  const { email } = on.world.addPerson('Sina', 'Session', password);
  await withPage(on.browser, on.herald.origin, { refusals: [401] }, async (there) => {
    await enter(there, email);
    await withPage(on.browser, on.herald.origin, { refusals: [401] }, async (page) => {
      await enter(page, email);
      await page.goto('/profile');
      const sessions = section(page, 'Sessions');
      await sessions.getByText('This one').waitFor();
      await sessions.getByRole('button', { name: /End the session/ }).click();
      await page.getByText('The session has ended').waitFor();
      await there.goto('/');
      await there.getByRole('heading', { name: 'Sign in' }).waitFor();
      await enter(there, email);
      await sessions.getByRole('button', { name: 'Sign out everywhere' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
      await page.getByRole('heading', { name: 'You are signed out everywhere' }).waitFor();
      await there.goto('/');
      await there.getByRole('heading', { name: 'Sign in' }).waitFor();
    });
  });
});

test('the password is changed; the session goes on, others end', async () => {
  const { email } = on.world.addPerson('Paul', 'Password', password);
  await withPage(on.browser, on.herald.origin, { refusals: [401, 422] }, async (there) => {
    await enter(there, email);
    await withPage(on.browser, on.herald.origin, { refusals: [401, 422] }, async (page) => {
      await enter(page, email);
      await page.goto('/profile');
      const form = section(page, 'Change password');
      await form.getByRole('textbox', { name: 'Current password' }).fill('wrong horse battery');
      await form.getByRole('textbox', { name: 'New password' }).fill(other);
      await form.getByRole('button', { name: 'Change password' }).click();
      await form.getByText('This is not your current password.').waitFor();
      await form.getByRole('textbox', { name: 'Current password' }).fill(password);
      await form.getByRole('textbox', { name: 'New password' }).fill(email);
      await form.getByRole('button', { name: 'Change password' }).click();
      await form.getByText("must not be its owner's email or name").waitFor();
      await form.getByRole('textbox', { name: 'New password' }).fill(other);
      await form.getByRole('button', { name: 'Change password' }).click();
      await page.getByText('Your password is set').waitFor();
      await page.goto('/deliveries');
      await page.getByRole('heading', { name: 'Deliveries', level: 1 }).waitFor();
    });
    await there.goto('/');
    await there.getByRole('heading', { name: 'Sign in' }).waitFor();
    await enter(there, email, other);
  });
});

test('who works in several Businesses switches between them', async () => {
  const branch = on.herald.admin('business', 'add', '--name', 'Branch Office').business_id;
  on.world.addPerson('Bea', 'Both', password);
  const { email } = on.world.addPerson('Bea', 'Both', undefined, branch);
  await withPage(on.browser, on.herald.origin, {}, async (page) => {
    await enter(page, email);
    await page.goto('/profile');
    await page.getByRole('button', { name: 'Switch to Branch Office' }).click();
    await page.getByRole('banner').getByText('Branch Office').waitFor();
    await eventually(async () => (await section(page, 'You').innerText()).includes(branch), 'the other id');
    await page.reload();
    await page.getByRole('banner').getByText('Branch Office').waitFor();
  });
});
