// Every page, in both colour schemes and on narrow screens: axe finds nothing, and nothing has to be scrolled sideways.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import axe from 'axe-core';
import { eventually, signIn, withPage } from './support/browser.mjs';
import { suite } from './support/suite.mjs';

let call;
let invitation;
const on = suite(async (on) => {
  call = on.world.addObject('Sales Call', { webhook: `${on.receiver.origin}/hook` });
  const long = on.world.addObject('Complaint about something that has a very long name', {
    webhook: `${on.receiver.origin}/complaints/with/a/rather/long/path/that/has/to/break/somewhere?and=a&query=too`,
  });
  const { employee_id: employee } = on.world.addPerson('Iris', 'Invited');
  const { link } = on.herald.admin('invitation', '--business', on.world.business, '--employee', employee);
  invitation = new URL(link).pathname + new URL(link).hash;
  const branch = on.herald.admin('business', 'add', '--name', 'Branch Office').business_id;
  const alex = ['--first-name', 'Alex', '--last-name', 'Rivera', '--email', 'alex@acme.test'];
  on.herald.admin('employee', 'add', '--business', branch, ...alex);
  await on.world.log(call);
  await eventually(() => on.receiver.requests.length === 1, 'the first webhook');
  on.receiver.status = 500;
  await on.world.log(long);
  await eventually(
    async () => (await on.world.call('GET', '/api/notifications')).results.length === 1,
    'the failure',
  );
});

/** Each page with what makes it ready, and the state in which it has most to show. */
const pages = {
  'sign-in': async (page) => {
    await page.goto('/sign-in');
    await page.getByText('herald admin sign-in-link').waitFor();
  },
  'sign-in, refused': async (page) => {
    await page.goto('/sign-in');
    await page.getByLabel('Email').fill('nobody@acme.test');
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong horse battery');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
  },
  'forgot password': async (page) => {
    await page.goto('/forgot-password');
    await page.getByRole('button', { name: 'Send the email' }).click();
    await page.getByText('Enter your email address.').waitFor();
  },
  'choose a password': async (page) => {
    await page.goto(invitation);
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByText('It needs 10 characters at least.').waitFor();
  },
  profile: async (page) => {
    await page.goto('/profile');
    await page.getByText('browser tests').waitFor();
    await page.getByText('This one').waitFor();
    await page.getByRole('button', { name: 'Set the password' }).click();
    await page.getByText('It needs 10 characters at least.').waitFor();
  },
  'new key': async (page) => {
    await page.goto('/profile');
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByText('Enter a name.').waitFor();
  },
  'revoke a key': async (page) => {
    await page.goto('/profile');
    await page.getByRole('button', { name: 'Revoke the key browser tests' }).click();
    await page.getByRole('dialog').waitFor();
  },
  activities: async (page) => {
    await page.goto('/');
    await page.getByText('Webhooks enabled').filter({ visible: true }).first().waitFor();
  },
  'new activity': async (page) => {
    await page.goto('/');
    await page.getByRole('button', { name: 'New activity' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill(' ');
    await page.keyboard.press('Enter');
    await page.getByText('Enter a name.').waitFor();
  },
  settings: async (page) => {
    await page.goto(`/activities/${call}`);
    await page.getByLabel('Webhook URL').fill('');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Enter the URL').waitFor();
  },
  'settings, saved': async (page) => {
    await page.goto(`/activities/${call}`);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Nothing has changed').waitFor();
  },
  'log form': async (page) => {
    await page.goto(`/activities/${call}/log`);
    await page.getByRole('textbox', { name: 'Contacts' }).fill('mar');
    await page.getByRole('option', { name: /Maria/ }).waitFor();
  },
  'what was logged': async (page) => {
    await page.goto(`/activities/${call}/log`);
    await page.getByRole('textbox', { name: 'Contacts' }).fill('mar');
    await page.getByRole('option', { name: /Maria/ }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Log activity' }).click();
    await page.getByText('after logging').waitFor();
    await page.getByText('1 attempt').click();
  },
  deliveries: async (page) => {
    await page.goto('/deliveries');
    await page.locator('.row-toggle').last().click();
    await page.getByRole('region', { name: 'Attempt 1' }).waitFor();
  },
  notifications: async (page) => {
    await page.goto('/notifications');
    await page.locator('.row-toggle').first().click();
    await page.getByRole('region', { name: 'Attempt 1' }).waitFor();
  },
  'no such page': async (page) => {
    await page.goto('/nowhere');
    await page.getByRole('heading', { name: 'No such page' }).waitFor();
  },
};

async function settle(page) {
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {}))),
  );
}

for (const colorScheme of ['light', 'dark']) {
  for (const [name, open] of Object.entries(pages)) {
    test(`axe finds nothing on: ${name}, ${colorScheme}`, async () => {
      await withPage(
        on.browser,
        on.herald.origin,
        { colorScheme, reducedMotion: 'reduce', refusals: [401, 429] },
        async (page) => {
          await signIn(page, on.world);
          await open(page);
          await settle(page);
          await page.evaluate(axe.source);
          const { violations } = await page.evaluate(() => window.axe.run(document));
          const found = violations.map(({ id, help, nodes }) => ({
            id,
            help,
            where: nodes.map((node) => node.html),
          }));
          assert.deepEqual(found, []);
        },
      );
    });
  }
}

// 360 is a small phone; 320 is 1280 at 400 %; 640 with text of double size is 1280 at 200 % for who enlarges text only.
for (const [what, width, textSize] of [
  ['a small phone', 360, '100%'],
  ['400 % zoom', 320, '100%'],
  ['text at 200 %', 640, '200%'],
]) {
  test(`nothing has to be scrolled sideways: ${what}`, async () => {
    const viewport = { width, height: 720 };
    await withPage(
      on.browser,
      on.herald.origin,
      { viewport, reducedMotion: 'reduce', refusals: [401, 429] },
      async (page) => {
        await signIn(page, on.world);
        for (const [name, open] of Object.entries(pages)) {
          await open(page);
          // Not by a <style> element, which the pages' policy would not let in.
          await page.evaluate(
            (size) => document.documentElement.style.setProperty('font-size', size, 'important'),
            textSize,
          );
          await settle(page);
          const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          assert.ok(over <= 0, `${name} is ${over} px too wide`);
        }
      },
    );
  });
}
