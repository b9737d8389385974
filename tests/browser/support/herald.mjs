// Herald as a real process, with a data directory and a port of its own, and the worked example in it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const patienceMs = 20_000;

/** The built herald: HERALD_BIN or HERALD, or what ./dev test builds. */
function program() {
  const named = process.env.HERALD_BIN ?? process.env.HERALD;
  if (named) return path.resolve(named);
  const build = path.join(root, 'build', 'debug', 'src');
  const folders = existsSync(build) ? ['', ...readdirSync(build)] : [];
  const found = folders.map((folder) => path.join(build, folder, 'herald')).find((file) => existsSync(file));
  if (!found) throw new Error('no herald: run ./dev test, or set HERALD_BIN');
  return found;
}

export class Herald {
  #data = mkdtempSync(path.join(tmpdir(), 'herald-browser-'));
  #process;
  #log = [];

  /** Starts serving; loopback targets are allowed, because the receivers of these tests are there. */
  static async start(...more) {
    const herald = new Herald();
    await herald.#serve(more);
    return herald;
  }

  async #serve(more) {
    const words = [
      'serve',
      '--data',
      this.#data,
      '--listen',
      '127.0.0.1:0',
      '--metrics-listen',
      '127.0.0.1:0',
    ];
    words.push('--allow-target', '127.0.0.0/8', ...more);
    this.#process = spawn(program(), words, { stdio: ['ignore', 'ignore', 'pipe'] });
    const lines = createInterface({ input: this.#process.stderr });
    this.origin = await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`herald serve ${why}:\n${this.#log.join('\n')}`));
      const timer = setTimeout(() => fail('did not listen in time'), patienceMs);
      this.#process.once('error', (error) => fail(error.message));
      this.#process.once('exit', (status) => fail(`ended with ${status}`));
      lines.on('line', (line) => {
        this.#log.push(line);
        const entry = line.startsWith('{') ? JSON.parse(line) : {};
        if (entry.message !== 'listening') return;
        clearTimeout(timer);
        resolve(`http://${entry.address}`);
      });
    });
  }

  /** herald admin WORDS…, as an object. */
  admin(...words) {
    return this.adminWith('', ...words);
  }

  /** The same, with something on its standard input. */
  adminWith(input, ...words) {
    const done = spawnSync(program(), ['admin', '--data', this.#data, ...words, '--json'], {
      encoding: 'utf8',
      input,
    });
    if (done.status !== 0) throw new Error(`herald admin ${words.join(' ')}: ${done.stdout}${done.stderr}`);
    return JSON.parse(done.stdout);
  }

  async stop() {
    const early = this.#process.exitCode ?? this.#process.signalCode;
    const status = early === null ? await this.#end() : `${early}, before it was told to`;
    rmSync(this.#data, { recursive: true, force: true });
    if (status === 0) return;
    throw new Error(`herald serve ended with ${status}:\n${this.#log.slice(-20).join('\n')}`);
  }

  /** The exit status, or the name of the signal. */
  async #end() {
    const ended = new Promise((resolve) =>
      this.#process.once('exit', (status, signal) => resolve(status ?? signal)),
    );
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), patienceMs);
    const status = await ended;
    clearTimeout(timer);
    return status;
  }
}

/** herald demo, once its story is told; `link` is the sign-in link that it prints. */
export async function startDemo() {
  const demo = spawn(program(), ['demo', '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => demo.once('exit', (status, signal) => resolve(status ?? signal)));
  const stop = () => {
    demo.kill('SIGINT');
    return ended;
  };
  let printed = '';
  const link = new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`herald demo prints no sign-in link:\n${printed}`));
    const timer = setTimeout(fail, patienceMs);
    ended.then(fail);
    demo.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text;
      const found = /https?:\S+\/sign-in#token=\S+(?=\s)/.exec(printed);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[0]);
    });
  });
  return { link: await link.catch((error) => stop().then(() => Promise.reject(error))), stop };
}

/** One Business with Alex Rivera, who has a key and can sign in, and the contact Maria Thompson. */
export class World {
  constructor(herald) {
    this.herald = herald;
    this.business = herald.admin('business', 'add', '--name', 'Acme Field Services').business_id;
    const alex = ['--first-name', 'Alex', '--last-name', 'Rivera', '--email', 'alex@acme.test'];
    this.user = herald.admin('employee', 'add', '--business', this.business, ...alex).user_id;
    this.key = herald.admin('key', 'add', '--user', this.user, '--name', 'browser tests').api_key;
    this.maria = this.addContact('Maria', 'Thompson');
  }

  addContact(first, last) {
    const email = `${first}.${last}@example.test`.toLowerCase();
    const words = ['--first-name', first, '--last-name', last, '--email', email];
    return this.herald.admin('contact', 'add', '--business', this.business, ...words).contact_id;
  }

  addObject(name, { webhook, redirect } = {}) {
    const words = ['object', 'add', '--business', this.business, '--name', name];
    if (webhook) words.push('--webhook-url', webhook);
    if (redirect) words.push('--redirect-url', redirect);
    return this.herald.admin(...words).activity_object_id;
  }

  /** Makes somebody else, who can sign in with the password. */
  addPerson(first, last, password, business = this.business) {
    const email = `${first}.${last}@acme.test`.toLowerCase();
    const words = ['--first-name', first, '--last-name', last, '--email', email];
    const made = this.herald.admin('employee', 'add', '--business', business, ...words);
    if (password) this.setPassword(password, made.user_id);
    return { ...made, email };
  }

  setPassword(password, user = this.user) {
    this.herald.adminWith(`${password}\n`, 'employee', 'password', '--user', user);
  }

  /** A fresh one-time link of the pages. */
  signInLink() {
    const { link } = this.herald.admin('sign-in-link', '--business', this.business, '--user', this.user);
    return new URL(new URL(link).pathname + new URL(link).hash, this.herald.origin).href;
  }

  /** A call of the API with Alex's key. */
  async call(method, target, body, headers = {}) {
    const answer = await fetch(this.herald.origin + target, {
      method,
      headers: {
        'X-API-KEY': this.key,
        'X-BUSINESS-ID': this.business,
        'X-USER-ID': this.user,
        ...(body && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
    const answered = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${JSON.stringify(answered)}`);
    return answered;
  }

  log(objectId) {
    const associated = [{ id: this.maria }];
    const body = { activity_object_id: objectId, notes: 'by key', associated_entities: associated };
    return this.call('POST', '/api/activities/logged', body);
  }
}
