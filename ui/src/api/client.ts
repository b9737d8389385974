// The one way to Herald's API. Types come from the OpenAPI file; the session is a cookie that scripts cannot read.
import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from './schema';
import { ApiError, unreachable } from './problem';

type Schemas = components['schemas'];
export type ActivityObject = Schemas['ActivityObject'];
export type ChangeActivityObject = Schemas['ChangeActivityObject'];
export type Contact = Schemas['Record'];
export type Delivery = Schemas['Delivery'];
export type DeliveryState = Schemas['DeliveryState'];
export type Attempt = Schemas['Attempt'];
export type LoggedActivity = Schemas['LoggedActivityAnswer'];
export type Key = Schemas['Key'];
export type NewKey = Schemas['NewKey'];
export type Notification = Schemas['Notification'];
export type Session = Schemas['Session'];
export type SignedIn = Schemas['SignedIn'];
export type SubmissionAction = Schemas['SubmissionAction'];

export const api = createClient<paths>();

// Cookie-authenticated writes need this header; a foreign page cannot set it.
const markWrites: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET') request.headers.set('X-Herald-Session', '1');
    return request;
  },
};
api.use(markWrites);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer and the answer itself; everything else than a success is thrown as an ApiError. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<{ data: T; response: Response }> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw unreachable();
  }
  if (!answer.response.ok) {
    const wait = Number(answer.response.headers.get('Retry-After')) || null;
    throw new ApiError(answer.response.status, answer.error, wait);
  }
  return { data: answer.data as T, response: answer.response };
}

export async function dataOf<T>(call: Promise<Answer<T>>): Promise<T> {
  return (await answered(call)).data;
}
