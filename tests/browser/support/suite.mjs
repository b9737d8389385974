// What every file of tests has: one Herald, one browser, one receiver; `prepare` puts more into it.
import { after, before, beforeEach } from 'node:test';
import { launch } from './browser.mjs';
import { Herald, World } from './herald.mjs';
import { Receiver } from './receiver.mjs';

export function suite(prepare = async () => {}) {
  const shared = {};
  before(async () => {
    shared.herald = await Herald.start();
    shared.world = new World(shared.herald);
    shared.receiver = await Receiver.start();
    shared.browser = await launch();
    await prepare(shared);
  });
  beforeEach(() => {
    shared.receiver.requests.length = 0;
    shared.receiver.status = 200;
  });
  after(async () => {
    await shared.browser?.close();
    await shared.receiver?.stop();
    await shared.herald?.stop();
  });
  return shared;
}
