// A webhook receiver that remembers what it got and answers as it is told.
import { createServer } from 'node:http';

export class Receiver {
  /** What came, as {method, target, headers, body}. */
  requests = [];
  status = 200;
  #held = [];
  #holding = false;
  #server = createServer((request, response) => this.#take(request, response));

  static async start() {
    const receiver = new Receiver();
    await new Promise((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    receiver.origin = `http://127.0.0.1:${receiver.#server.address().port}`;
    return receiver;
  }

  async #take(request, response) {
    let body = '';
    for await (const chunk of request) body += chunk;
    this.requests.push({ method: request.method, target: request.url, headers: request.headers, body });
    const answer = () => {
      response.writeHead(this.status, { 'Content-Type': 'text/plain' });
      response.end('seen');
    };
    if (this.#holding) this.#held.push(answer);
    else answer();
  }

  /** From now on answers wait for release(). */
  hold() {
    this.#holding = true;
  }

  release() {
    this.#holding = false;
    for (const answer of this.#held.splice(0)) answer();
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
