import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launch, withPage } from './support/browser.mjs';
import { startDemo } from './support/herald.mjs';

test('M17: the demo’s link leads to the worked example, and another Sales Call can be logged', async () => {
  const demo = await startDemo();
  const browser = await launch();
  try {
    await withPage(browser, new URL(demo.link).origin, {}, async (page) => {
      await page.goto(demo.link);
      const row = page
        .getByRole('row')
        .filter({ has: page.getByRole('link', { name: 'Sales Call', exact: true }) });
      await row.getByText('Webhooks enabled').filter({ visible: true }).waitFor();
      await page.getByRole('banner').getByText('Alex Rivera').waitFor();

      await page.getByRole('link', { name: 'Log Sales Call' }).click();
      await page.getByRole('textbox', { name: 'Contacts' }).fill('maria');
      await page.getByRole('option', { name: /Maria Thompson/ }).click();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Log activity' }).click();
      await page.getByRole('heading', { name: 'Sales Call logged with Maria Thompson' }).waitFor();
      await page.getByText('Delivered').waitFor();
    });
  } finally {
    await browser.close();
    assert.equal(await demo.stop(), 0);
  }
});
