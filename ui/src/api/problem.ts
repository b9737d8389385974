// What the API says when it refuses (RFC 9457), as an error that the pages can show.
import type { components } from './schema';

type Problem = components['schemas']['Problem'];

const fallback: Record<number, string> = {
  403: 'You are not permitted to do this.',
  404: 'This does not exist, or you are not permitted to see it.',
  503: 'Herald cannot do this just now. Nothing was changed; try again in a moment.',
};

export class ApiError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly requestId: string | null;
  /** Seconds, as the answer says when to try again. */
  readonly retryAfter: number | null;
  /** What is wrong, by JSON pointer of the member, or by the name of a parameter. */
  readonly fields: Record<string, string>;

  constructor(status: number, body: unknown, retryAfter: number | null = null) {
    const problem = isProblem(body) ? body : null;
    // A single complaint stands in `detail` with its pointer before it, which is not for people.
    const only = problem?.errors?.length === 1 ? problem.errors[0]?.detail : undefined;
    super(
      only ||
        problem?.detail ||
        fallback[status] ||
        `Herald answered ${status}, which these pages did not expect.`,
    );
    this.status = status;
    this.requestId = problem?.request_id ?? null;
    this.retryAfter = retryAfter;
    this.fields = Object.fromEntries(
      (problem?.errors ?? []).map((error) => [error.pointer ?? error.parameter ?? '', error.detail]),
    );
  }

  /** What is wrong with a member, or with anything inside it. */
  field(pointer: string): string | undefined {
    const key = Object.keys(this.fields).find(
      (known) => known === pointer || known.startsWith(`${pointer}/`),
    );
    return key === undefined ? undefined : this.fields[key];
  }

  /** Whether every complaint is about one of these members, so that nothing is left to say elsewhere. */
  isOnlyAbout(pointers: string[]): boolean {
    const known = Object.keys(this.fields);
    return (
      known.length > 0 && known.every((key) => pointers.some((p) => key === p || key.startsWith(`${p}/`)))
    );
  }
}

export function unreachable(): ApiError {
  return new ApiError(0, {
    detail: 'Herald does not answer. Check that it is running and that you are connected, then try again.',
  });
}

export function asApiError(error: unknown): ApiError | null {
  return error instanceof ApiError ? error : null;
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : 'Something went wrong.';
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'detail' in body && typeof body.detail === 'string';
}
